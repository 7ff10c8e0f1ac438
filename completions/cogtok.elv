
set edit:completion:arg-completer[cogtok] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) COGTOK_COMPLETE="elvish" cogtok -- $@words) | to-lines
}

