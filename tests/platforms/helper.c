/* helper FILE MILLISECONDS: keeps a file open as programs on Windows do that know of no others.
   helper --note FILE WORD: writes the word into the file.
   helper --wait FILE: ends with 9 at Ctrl-C, half a second later, and says in the file what it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static HANDLE asked;

static BOOL WINAPI heard(DWORD event) {
    (void)event;
    SetEvent(asked);
    return TRUE;
}

static int note(const char *place, const char *word) {
    FILE *file = fopen(place, "w");
    if (!file) return 1;
    fputs(word, file);
    fclose(file);
    return 0;
}

int main(int count, char **words) {
    if (count >= 4 && !strcmp(words[1], "--note")) return note(words[2], words[count - 1]);
    if (count == 3 && !strcmp(words[1], "--wait")) {
        asked = CreateEventA(NULL, TRUE, FALSE, NULL);
        SetConsoleCtrlHandler(heard, TRUE);
        note(words[2], "waits");
        if (WaitForSingleObject(asked, 60000) != WAIT_OBJECT_0) return 3;
        Sleep(500);
        note(words[2], "heard");
        return 9;
    }
    if (count != 3) return 2;
    HANDLE file = CreateFileA(words[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return 1;
    puts("open");
    fflush(stdout);
    Sleep(atoi(words[2]));
    return 0;
}
