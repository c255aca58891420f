                      cwl
select                supported
summary               supported
archive               supported

==> build/cwl/main.cwl <==
# tools.twin:40
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function basename(x) {
          return typeof x === "string" ? x.replace(/\/+$/, "").split("/").pop() || x.charAt(0) : x.basename;
        }
  MultipleInputFeatureRequirement: {}
  StepInputExpressionRequirement: {}
inputs:
  readings:
    type: File
    default:
      class: File
      location: ../../data/station.csv
  token: string
  level:
    type: double
    default: 2.5
steps:
  # tools.twin:42
  july:
    run: tools/select.cwl
    in:
      readings: readings
      month:
        default: 7
    out:
      - selected
  # tools.twin:43
  mean:
    run: tools/summary.cwl
    in:
      table: july/selected
    out:
      - report
      - mean
  # tools.twin:44
  packed:
    run: tools/archive.cwl
    in:
      files:
        source:
          - july/selected
          - mean/report
        linkMerge: merge_nested
      name:
        source: readings
        valueFrom: $("july of " + basename(self))
      token: token
      level: level
    out:
      - parts
  # tools.twin:46
  warm_value:
    run:
      class: ExpressionTool
      inputs:
        mean_mean: double
      outputs:
        value: boolean
      expression: "$({\"value\": inputs.mean_mean > 280})"
    in:
      mean_mean: mean/mean
    out:
      - value
outputs:
  parts:
    type: File[]
    outputSource: packed/parts
  warm:
    type: boolean
    outputSource: warm_value/value

==> build/cwl/main.job.yml <==
# still to be given: token
readings:
  class: File
  location: ../../data/station.csv
level: 2.5

==> build/cwl/tools/archive.cwl <==
# tools.twin:27
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 1
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: archive
      TWIN_CPUS: "1"
      TWIN_MEMORY_BYTES: "268435456"
      TOKEN: $(inputs.token)
      LEVEL: $(String(inputs.level * 100))
      MODE: plain
  DockerRequirement:
    dockerPull: docker.io/library/debian:12-slim
  NetworkAccess:
    networkAccess: false
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function bytewise(a, b) {
          function rank(c) {
            return c < 0xD800 ? c : c < 0xE000 ? c + 0x2000 : c - 0x800;
          }
          for (var i = 0; i < a.length && i < b.length; i++) {
            if (a.charCodeAt(i) !== b.charCodeAt(i)) {
              return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
            }
          }
          return a.length - b.length;
        }
      - |
        function by_path(files) {
          return files.slice().sort(function (a, b) {
            return bytewise(a.path, b.path);
          });
        }
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
  - $(fill(inputs.script, "~{", [inputs.files, inputs.name]))
inputs:
  files: File[]
  name: string
  script:
    type: string
    doc: The command; its placeholders are filled with quoted words.
    default: |
      pack() { gzip -c "$1" > "out/$2.gz"; }
      mkdir out
      for file in ~{1}; do pack "$file" ~{2}; done
  token: string
  level: double
outputs:
  parts:
    type: File[]
    format: edam:format_3989
    outputBinding:
      glob: out/*.gz
      outputEval: $(by_path(self))
$namespaces:
  edam: http://edamontology.org/

==> build/cwl/tools/select.cwl <==
# tools.twin:8
cwlVersion: v1.2
class: CommandLineTool
doc: Lines of one month.
requirements:
  ResourceRequirement:
    coresMin: 2
    ramMin: 512
  ToolTimeLimit:
    timelimit: 90
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: select
      TWIN_CPUS: "2"
      TWIN_MEMORY_BYTES: "536870912"
baseCommand:
  - sh
  - -eu
  - "-c"
  - |
    awk -F, -v m=$1 'NR == 1 || $1 + 0 == m' "$2" > selected.csv
  - sh
arguments:
  - $(inputs.month)
  - $(inputs.readings.path)
inputs:
  readings:
    type: File
    doc: from a station
  month: long
outputs:
  selected:
    type: File
    format: edam:format_3752
    outputBinding:
      glob: selected.csv
$namespaces:
  edam: http://edamontology.org/

==> build/cwl/tools/summary.cwl <==
# tools.twin:18
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 1
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: summary
      TWIN_CPUS: "1"
      TWIN_MEMORY_BYTES: "268435456"
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function metric(files, name, low, high) {
          var value = JSON.parse(files[0].contents)[name];
          if (value === undefined || value === null) {
            throw "the metric " + name + " is missing";
          }
          if ((low !== null && value < low) || (high !== null && value > high)) {
            throw "the metric " + name + " is out of its range: " + value;
          }
          return value;
        }
baseCommand: python3
arguments:
  - $(inputs.summary_py.path)
  - --in
  - $(inputs.table.path)
  - --unit
  - $(inputs.unit)
  - report.json
inputs:
  table: File
  unit: string?
  summary_py:
    type: File
    default:
      class: File
      location: ../../../data/summary.py
outputs:
  report:
    type: File
    format: edam:format_3464
    outputBinding:
      glob: report.json
  mean:
    type: double
    outputBinding:
      glob: report.json
      loadContents: true
      outputEval: $(metric(self, "mean", 180, 340))
$namespaces:
  edam: http://edamontology.org/
