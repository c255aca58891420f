                      cwl
repeat                emulated
improve               supported
good                  refused
loop.twin:15: cwl: repeat is emulated: CWL 1.2 has no loops: 2 rounds are written out, each when the one before was not the last
loop.twin:25: cwl: good is refused: nobody can be asked while a workflow of CWL runs: `on_fail = block` or `warn` can be said

==> build/cwl/REFUSED.txt <==
loop.twin:25: good: nobody can be asked while a workflow of CWL runs: `on_fail = block` or `warn` can be said

==> build/cwl/main.cwl <==
# loop.twin:14
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function either(a, b) {
          return a === null || a === undefined ? b : a;
        }
  MultipleInputFeatureRequirement: {}
  SubworkflowFeatureRequirement: {}
inputs: {}
steps:
  # loop.twin:15
  round_1:
    run: main.fix.cwl
    in: {}
    out:
      - fix_next
      - until
  # loop.twin:15
  round_2:
    run: main.fix.cwl
    in:
      previous_fix_next: round_1/fix_next
      over: round_1/until
    when: $(inputs.over === false)
    out:
      - fix_next
      - until
  # loop.twin:15
  last_round:
    run:
      class: ExpressionTool
      inputs:
        until:
          type:
            type: array
            items:
              - "null"
              - boolean
        all_fix_next:
          type:
            type: array
            items:
              - "null"
              - double
      outputs:
        last_fix_next: double
      expression: |
        ${
          if (!inputs.until.pop()) {
            throw "`until` is still false after 2 rounds";
          }
          return {"last_fix_next": inputs.all_fix_next.pop()};
        }
    in:
      until:
        source:
          - round_1/until
          - round_2/until
        linkMerge: merge_nested
        pickValue: all_non_null
      all_fix_next:
        source:
          - round_1/fix_next
          - round_2/fix_next
        linkMerge: merge_nested
        pickValue: all_non_null
    out:
      - last_fix_next
outputs:
  root:
    type: double
    outputSource: last_round/last_fix_next

==> build/cwl/main.fix.cwl <==
# loop.twin:15
cwlVersion: v1.2
class: Workflow
doc: One round of a loop.
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function either(a, b) {
          return a === null || a === undefined ? b : a;
        }
  StepInputExpressionRequirement: {}
inputs:
  # whether the round before was the last
  over: boolean?
  previous_fix_next: double?
steps:
  # loop.twin:17
  fix:
    run: tools/improve.cwl
    in:
      guess:
        source: previous_fix_next
        valueFrom: $(either(self, 1.5))
    out:
      - next
  # loop.twin:18
  decide:
    run:
      class: ExpressionTool
      inputs:
        fix_next: double
      outputs:
        value: boolean
      expression: "$({\"value\": Math.abs(inputs.fix_next * inputs.fix_next - 2) < 0.001})"
    in:
      fix_next: fix/next
    out:
      - value
outputs:
  fix_next:
    type: double
    outputSource: fix/next
  until:
    type: boolean
    outputSource: decide/value

==> build/cwl/main.job.yml <==
{}

==> build/cwl/tools/improve.cwl <==
# loop.twin:4
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 1
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: improve
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
baseCommand:
  - sh
  - -eu
  - "-c"
  - |
    awk -v g=$1 'BEGIN { printf "{\\"next\\": %.9f}", (g + 2 / g) / 2 }' > state.json
  - sh
arguments:
  - $(String(inputs.guess))
inputs:
  guess: double
outputs:
  state:
    type: File
    format: edam:format_3464
    outputBinding:
      glob: state.json
  next:
    type: double
    outputBinding:
      glob: state.json
      loadContents: true
      outputEval: $(metric(self, "next", null, null))
$namespaces:
  edam: http://edamontology.org/
