namespace RepoSentry.Cli.Completion;

/// <summary>One script for each shell. All of them send the line up to the cursor and show what comes back.</summary>
internal static class ShellScripts
{
    private const string Bash = """
        # reposentry in bash. Now: source <(reposentry completion bash)
        # For good: reposentry completion bash > /etc/bash_completion.d/reposentry
        _reposentry() {
            local current=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} word
            line="reposentry${line#"${COMP_WORDS[0]}"}"
            COMPREPLY=()
            while IFS= read -r word; do
                [[ -z $current && $word == [-/]* ]] && continue
                [[ $word == "$current"* ]] && COMPREPLY+=("${word// /\\ }")
            done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
            [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
            return 0
        }
        complete -F _reposentry reposentry

        """;

    private const string Zsh = """
        #compdef reposentry
        # reposentry in zsh. Now: source <(reposentry completion zsh)
        # For good: reposentry completion zsh > "${fpath[1]}/_reposentry"
        _reposentry() {
            local line="reposentry ${(j: :)words[2,CURRENT]}"
            local -a found folders
            found=(${(f)"$(${words[1]} "[suggest:${#line}]" "$line" 2>/dev/null)"})
            [[ -z ${words[CURRENT]} ]] && found=(${found:#[-/]*})
            folders=(${(M)found:#*/})
            found=(${found:#*/})
            (( ${#folders} )) && compadd -S '' -- $folders
            (( ${#found} )) && compadd -- $found
        }
        if [[ ${funcstack[1]} == _reposentry ]]; then
            _reposentry "$@"
        else
            compdef _reposentry reposentry
        fi

        """;

    private const string Fish = """
        # reposentry in fish. Now: reposentry completion fish | source
        # For good: reposentry completion fish > ~/.config/fish/completions/reposentry.fish
        function __reposentry_words
            set -l line (commandline -cp)
            set -l current (commandline -ct)
            for word in (reposentry "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
                if test -z "$current"; and string match -qr '^[-/]' -- $word
                    continue
                end
                printf '%s\n' $word
            end
        end
        complete -c reposentry -f -a '(__reposentry_words)'

        """;

    private const string Pwsh = """
        # reposentry in PowerShell. Now: reposentry completion pwsh | Out-String | Invoke-Expression
        # For good: the same line in $PROFILE
        Register-ArgumentCompleter -Native -CommandName reposentry -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.ToString().PadRight($cursorPosition).Substring(0, $cursorPosition)
            reposentry "[suggest:$cursorPosition]" $line 2>$null |
                Where-Object { $_.StartsWith($wordToComplete) -and ($wordToComplete -or $_ -notmatch '^[-/]') } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }

        """;

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
        ["pwsh"] = Pwsh,
    };
}
