                      cwl
note                  supported
front.address         emulated
workers.addresses     emulated
open.twin:6: cwl: front.address is emulated: it is known once `front` is there, and still open here: it is an input
open.twin:7: cwl: workers.addresses is emulated: it is known once `workers` is there, and still open here: it is an input

==> build/cwl/main.cwl <==
# open.twin:19
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement: {}
  StepInputExpressionRequirement: {}
inputs:
  front_address:
    type: string
    doc: "of the first machine: its public one where it has one"
  workers_addresses:
    type: string[]
    doc: of each machine, in order of their text
steps:
  # open.twin:20
  it:
    run: tools/note.cwl
    in:
      address:
        source: front_address
        valueFrom: $("http://" + self)
      all: workers_addresses
      front_address: front_address
    out:
      - text
outputs:
  text:
    type: File
    outputSource: it/text
  where:
    type: string
    outputSource: front_address

==> build/cwl/main.job.yml <==
# still to be given: front_address, workers_addresses
{}

==> build/cwl/tools/note.cwl <==
# open.twin:9
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 1
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: note
      TWIN_CPUS: "1"
      TWIN_MEMORY_BYTES: "268435456"
      FRONT: $(inputs.front_address)
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function quoted(value) {
          if (Array.isArray(value)) {
            return value.map(quoted).join(" ");
          }
          if (typeof value === "number") {
            return String(value);
          }
          return "'" + String(value.path || value).replace(/'/g, "'\\''") + "'";
        }
      - |
        function fill(script, mark, values) {
          var parts = script.split(mark), text = parts[0];
          for (var i = 1; i < parts.length; i++) {
            var end = parts[i].indexOf("}");
            text += quoted(values[parts[i].slice(0, end) - 1]) + parts[i].slice(end + 1);
          }
          return text;
        }
baseCommand:
  - sh
  - -eu
  - "-c"
arguments:
  - $(fill(inputs.script, "~{", [inputs.address, inputs.all]))
inputs:
  address: string
  all: string[]
  script:
    type: string
    doc: The command; its placeholders are filled with quoted words.
    default: |
      printf '%s\n' ~{1} ~{2} "$FRONT" > text.txt
  front_address: string
outputs:
  text:
    type: File
    format: edam:format_2330
    outputBinding:
      glob: text.txt
$namespaces:
  edam: http://edamontology.org/
