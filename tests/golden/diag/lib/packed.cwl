cwlVersion: v1.2
$graph:
  - class: CommandLineTool
    id: cut
    baseCommand: cut
    inputs: []
    outputs: []
  - class: CommandLineTool
    id: paste
    baseCommand: paste
    inputs: []
    outputs: []
