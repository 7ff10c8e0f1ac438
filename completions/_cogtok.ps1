# Hands the words of the line to cogtok as text: nothing that stands on it is evaluated.
Register-ArgumentCompleter -Native -CommandName cogtok, cogtok.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @()
    $isInWord = $false
    foreach ($element in $commandAst.CommandElements) {
        $start = $element.Extent.StartOffset
        # What stands behind the cursor is not completed.
        if ($start -ge $cursorPosition) {
            break
        }
        $word = $element.Extent.Text
        if ($element.Extent.EndOffset -ge $cursorPosition) {
            $isInWord = $true
            $word = $word.Substring(0, $cursorPosition - $start).TrimStart("'", '"')
        } elseif ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            # Without its quotes. Every other kind of word would have to be evaluated.
            $word = $element.Value
        }
        $words += $word
    }
    if (-not $isInWord) {
        $words += ''
    }

    # A variable carries every word whole: as arguments, empty words and quotes get lost in some versions.
    $complete, $handed = $env:COGTOK_COMPLETE, $env:_COGTOK_WORDS
    try {
        $env:COGTOK_COMPLETE = 'powershell'
        $env:_COGTOK_WORDS = $words -join "`n"
        $lines = @(& cogtok --)
    } finally {
        $env:COGTOK_COMPLETE, $env:_COGTOK_WORDS = $complete, $handed
    }
    foreach ($line in $lines) {
        $value, $help = $line -split "`t", 2
        if ($value) {
            if (-not $help) {
                $help = $value
            }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    }
}
