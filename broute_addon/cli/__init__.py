"""One module per command: `add_arguments(parser)` and a function of the command's name.

The function takes the parsed arguments and gives (or, as a coroutine, ends with) the exit code.
"""
