cwlVersion: v1.1
class: CommandLineTool
baseCommand: [sh, -c, 'cat "$1.idx" "${1%.txt}.dic"; test ! -e "$1.none"', _]
inputs:
  text: {type: File, secondaryFiles: [.idx, ^.dic, .none?], inputBinding: {}}
outputs: {out: stdout}
stdout: both.txt
