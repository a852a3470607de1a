"""``whisper_api completion``."""

import click
from click.shell_completion import get_completion_class


@click.command(short_help="Have a shell complete what you type.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that has SHELL complete commands, options, formats, languages, models and files.

    \b
    Where the shell looks for it when it starts:
    bash  whisper_api completion bash > ~/.local/share/bash-completion/completions/whisper_api
    zsh   whisper_api completion zsh > ~/.zfunc/_whisper_api    (with fpath+=~/.zfunc before compinit in ~/.zshrc)
    fish  whisper_api completion fish > ~/.config/fish/completions/whisper_api.fish
    """
    program = context.find_root()
    name = program.info_name or ""
    made_by = get_completion_class(shell)
    assert made_by is not None
    click.echo(made_by(program.command, {}, name, f"_{name}_complete".upper()).source())
