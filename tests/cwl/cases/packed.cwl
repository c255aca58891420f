cwlVersion: v1.2
$graph:
  - id: main
    class: CommandLineTool
    baseCommand: [echo, main]
    inputs: []
    outputs: {out: stdout}
    stdout: out.txt
  - id: other
    class: CommandLineTool
    requirements:
      - class: SchemaDefRequirement
        types:
          - $import: types.yml
    baseCommand: [echo, other]
    inputs:
      - id: pair
        type: "types.yml#pair"
        default: {left: 1, right: r}
        inputBinding: {valueFrom: $(self.left)$(self.right)}
    outputs: [{id: out, type: stdout}]
    stdout: out.txt
