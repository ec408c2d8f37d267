"""The command line: the parser of `vigan STAGE`, commands that work on a study, commands that answer a question."""
