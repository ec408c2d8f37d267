"""The command line: the parser, the commands that run stages (`pipeline`) and those that only print (`inspect`)."""
