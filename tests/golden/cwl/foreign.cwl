                      cwl
again                 supported
fit                   emulated
fit                   emulated
foreign.twin:10: cwl: fit is emulated: CWL knows no workers: one task on one machine has what all 4 need, and its command is started once
foreign.twin:14: cwl: fit is emulated: CWL knows no GPUs: they are a hint that cwltool and toil understand

==> build/cwl/main.cwl <==
# foreign.twin:18
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function as_format(value, iri) {
          if (Array.isArray(value)) {
            return value.map(function (one) {
              return as_format(one, iri);
            });
          }
          if (value) {
            value.format = iri;
          }
          return value;
        }
  MultipleInputFeatureRequirement: {}
  StepInputExpressionRequirement: {}
inputs:
  given: File
  times:
    type: long
    default: 2
steps:
  # foreign.twin:8
  n_lines:
    run:
      class: ExpressionTool
      inputs:
        number:
          - "null"
          - Any
      outputs:
        wide: long
      expression: "$({\"wide\": inputs.number})"
    in:
      number: one/n-lines
    out:
      - wide
  # foreign.twin:20
  one:
    run: ../../data/again.cwl
    in:
      a-table:
        source: given
        valueFrom: $(as_format(self, "http://edamontology.org/format_3752"))
      times:
        source: times
        valueFrom: $(self)
    out:
      - as-csv
      - n-lines
  # foreign.twin:21
  two:
    run: ../../data/again.cwl
    in:
      a-table: one/as-csv
      times:
        source: n_lines/wide
        valueFrom: $(self + 1)
      in:
        default: word
    out:
      - as-csv
  # foreign.twin:22
  model:
    run: tools/fit.cwl
    in:
      tables:
        source:
          - given
          - two/as-csv
        linkMerge: merge_nested
    out:
      - weights
outputs:
  weights:
    type: File
    outputSource: model/weights
  lines:
    type: long
    outputSource: n_lines/wide

==> build/cwl/main.job.yml <==
# still to be given: given
times: 2

==> build/cwl/tools/fit.cwl <==
# foreign.twin:10
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 12
    ramMin: 6144
  ToolTimeLimit:
    timelimit: 3600
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: fit
      TWIN_CPUS: "3"
      TWIN_MEMORY_BYTES: "1610612736"
hints:
  cwltool:CUDARequirement:
    cudaVersionMin: "11.0"
    cudaComputeCapability: "3.0"
    cudaDeviceCountMin: 8
baseCommand: fit
arguments:
  - weights.onnx
  - $(inputs.tables)
inputs:
  tables: File[]
outputs:
  weights:
    type: File
    outputBinding:
      glob: weights.onnx
$namespaces:
  cwltool: http://commonwl.org/cwltool#
