cwlVersion: v1.2
class: CommandLineTool
$namespaces: {ours: "https://example.org/cwl#"}
requirements:
  ours:Telescope: {dish: 7}
baseCommand: "true"
inputs: {}
outputs: {}
