cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'tr a-z A-Z; echo complaint >&2; echo "$0"', last]
inputs: {text: stdin}
outputs:
  out: stdout
  err: stderr
stdout: $(inputs.text.nameroot)_upper$(inputs.text.nameext)
stderr: log/complaints
