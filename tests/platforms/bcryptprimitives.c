/* wine before version 9 has no bcryptprimitives.dll, which Rust's standard library takes its random numbers from. This one
   stands in, in the tests alone. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return SystemFunction036(data, (ULONG)length);
}
