cwlVersion: v1.2
class: CommandLineTool
requirements:
  EnvVarRequirement:
    envDef:
      WORD: $(inputs.word)-x
      OTHER: plain
baseCommand: [sh, -c, 'echo "$WORD $OTHER"; test "$HOME" = "$PWD" && test -d "$TMPDIR" && echo folders']
inputs: {word: string}
outputs: {text: stdout}
stdout: environment.txt
