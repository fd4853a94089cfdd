using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What a shell needs to complete the program's commands and options; the program itself says what there is.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _resnet() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(resnet "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _resnet resnet
        """;

    private const string Zsh = """
        _resnet() { local found; found=("${(@f)$(resnet "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}"); compadd -a found; _files; }
        compdef _resnet resnet
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName resnet -ScriptBlock {
            param($word, $line, $position)
            resnet "[suggest:$position]" "$line" | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }
        """;

    private static readonly Dictionary<string, string> _scripts = new() { ["bash"] = Bash, ["zsh"] = Zsh, ["pwsh"] = PowerShell };

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = $"{string.Join(", ", _scripts.Keys)}." };
        shell.AcceptOnlyFromAmong([.. _scripts.Keys]);
        var command = new Verb("completion", "Prints a script with which a shell completes the commands and options of the tool.")
        {
            Examples = ["completion bash >> ~/.bashrc", "completion zsh >> ~/.zshrc", "completion pwsh | Add-Content $PROFILE"],
        };
        command.Arguments.Add(shell);
        command.SetAction(parsed =>
        {
            StandardOutput.Write(output => output.WriteLine(_scripts[parsed.GetValue(shell)!]));
            return 0;
        });
        return command;
    }
}
