complete --keep-order --exclusive --command cogtok --arguments "(COGTOK_COMPLETE=fish cogtok -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
