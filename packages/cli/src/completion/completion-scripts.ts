/** Shells that a script is printed for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of them. */
export type Shell = (typeof shells)[number];

/** First line of an answer that says: complete names of files here. */
export const filesMarker = ":files";

/** A script for the shell's start-up file. It asks `lienthong complete` for what fits, so that it never falls behind the command. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}

// Lines of the answer are "<value>" or "<value><tab><what it means>".
const scripts: Readonly<Record<Shell, string>> = {
  // bash breaks words at '=' as well: the line is split at spaces here, and only what follows the last '=' is handed back.
  bash: `# Completion of lienthong for bash. In ~/.bashrc: source <(lienthong completion bash)
_lienthong() {
  local line=\${COMP_LINE:0:COMP_POINT} given current answer
  local -a given
  read -ra given <<<"$line"
  [[ $line == *[[:space:]] ]] && given+=("")
  current=\${given[\${#given[@]}-1]}
  COMPREPLY=()
  answer=$("\${given[0]/#\\~/$HOME}" complete -- "\${given[@]:1}" 2>/dev/null) || return 0
  if [[ $answer == ${filesMarker} ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "\${current##*=}")
    return 0
  fi
  [[ -z $answer ]] && return 0
  mapfile -t COMPREPLY <<<"$answer"
  COMPREPLY=("\${COMPREPLY[@]%%$'\\t'*}")
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%=*}="}")
  fi
  # An edge still wants its receiver, a unit its name: no space after them.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _lienthong lienthong
`,
  zsh: `#compdef lienthong
# Completion of lienthong for zsh. In ~/.zshrc, after compinit: source <(lienthong completion zsh)
_lienthong() {
  local -a answer described
  local each
  answer=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${answer[1]} == ${filesMarker} ]]; then
    _files
    return
  fi
  for each in $answer; do
    described+=("\${\${each%%$'\\t'*}//:/\\\\:}:\${each#*$'\\t'}")
  done
  (( \${#described} )) && _describe -o lienthong described
}
compdef _lienthong lienthong
`,
  fish: `# Completion of lienthong for fish. In ~/.config/fish/config.fish: lienthong completion fish | source
function __lienthong_complete
    set -l given (commandline -opc) (commandline -ct)
    set -l answer ($given[1] complete -- $given[2..-1] 2>/dev/null)
    if test "$answer[1]" = "${filesMarker}"
        __fish_complete_path (commandline -ct)
    else if test (count $answer) -gt 0
        printf '%s\\n' $answer
    end
end
complete -c lienthong -f -a '(__lienthong_complete)'
`,
};
