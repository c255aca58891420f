                      cwl
count                 supported

==> build/cwl/main.cwl <==
# shapes.twin:24
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - |
        function either(a, b) {
          return a === null || a === undefined ? b : a;
        }
      - |
        function max(list) {
          if (list.length === 0) {
            throw "the largest of an empty list";
          }
          return list.reduce(function (a, b) {
            return b > a ? b : a;
          });
        }
      - |
        function enumerate(list) {
          return list.map(function (value, index) {
            return {index: index, value: value};
          });
        }
      - |
        function present(list) {
          return list.filter(function (one) {
            return one !== null;
          });
        }
  MultipleInputFeatureRequirement: {}
  ScatterFeatureRequirement: {}
  StepInputExpressionRequirement: {}
  SubworkflowFeatureRequirement: {}
inputs:
  texts:
    type: string[]
    default:
      - one
      - two words
  limit:
    type: long
    default: 10
  detailed:
    type: boolean
    default: false
steps:
  # shapes.twin:26
  list_i:
    run:
      class: ExpressionTool
      inputs:
        texts: string[]
      outputs:
        i: long[]
        text: string[]
      expression: |
        ${
          var list = enumerate(inputs.texts);
          return {
            "i": list.map(function (pair) {
              return pair.index;
            }),
            "text": list.map(function (pair) {
              return pair.value;
            })
          };
        }
    in:
      texts: texts
    out:
      - i
      - text
  # shapes.twin:26
  each_i:
    run:
      class: Workflow
      inputs:
        i: long
        text: string
        limit: long
      steps:
        # shapes.twin:27
        one:
          run: tools/count.cwl
          in:
            text:
              source:
                - i
                - text
              valueFrom: "$(self[0] + \": \" + self[1])"
          out:
            - note
            - words
        # shapes.twin:28
        short:
          run:
            class: ExpressionTool
            doc: "bounded: one.words < limit"
            inputs:
              one_note: File
              one_words: long
              limit: long
            outputs:
              note: File?
              words: long?
            expression: |
              ${
                if (!(inputs.one_words < inputs.limit)) {
                  return {"note": null, "words": null};
                }
                return {"note": inputs.one_note, "words": inputs.one_words};
              }
          in:
            one_note: one/note
            one_words: one/words
            limit: limit
          out:
            - note
            - words
      outputs:
        one_note:
          type: File?
          outputSource: short/note
        one_words:
          type: long?
          outputSource: short/words
    in:
      i: list_i/i
      text: list_i/text
      limit: limit
    out:
      - one_note
      - one_words
    scatter:
      - i
      - text
    scatterMethod: dotproduct
  # shapes.twin:34
  twice:
    run: twice.cwl
    in:
      text:
        default: x
    out:
      - notes
  # shapes.twin:35
  if_extra:
    run:
      class: Workflow
      inputs: {}
      steps:
        # shapes.twin:35
        extra:
          run: tools/count.cwl
          in:
            text:
              default: in detail
          out:
            - note
      outputs:
        extra_note:
          type: File
          outputSource: extra/note
    in:
      condition: detailed
    out:
      - extra_note
    when: $(inputs.condition)
  # shapes.twin:35
  else_extra:
    run:
      class: Workflow
      inputs: {}
      steps:
        # shapes.twin:35
        extra:
          run: tools/count.cwl
          in:
            text:
              default: in short
          out:
            - note
      outputs:
        extra_note:
          type: File
          outputSource: extra/note
    in:
      condition: detailed
    out:
      - extra_note
    when: $(!inputs.condition)
  # shapes.twin:36
  if_rare:
    run:
      class: Workflow
      inputs: {}
      steps:
        # shapes.twin:36
        rare:
          run: tools/count.cwl
          in:
            text:
              default: long
          out:
            - note
      outputs:
        rare_note:
          type: File
          outputSource: rare/note
    in:
      condition:
        source: each_i/one_words
        valueFrom: $(max(present(self)) > 1)
    out:
      - rare_note
    when: $(inputs.condition)
  # shapes.twin:37
  notes_value:
    run:
      class: ExpressionTool
      inputs:
        one_note:
          type:
            type: array
            items:
              - "null"
              - File
      outputs:
        value: File[]
      expression: "$({\"value\": present(inputs.one_note)})"
    in:
      one_note: each_i/one_note
    out:
      - value
  # shapes.twin:40
  either_value:
    run:
      class: ExpressionTool
      inputs:
        rare_note: File?
        extra_note: File
      outputs:
        value: File
      expression: "$({\"value\": either(inputs.rare_note, inputs.extra_note)})"
    in:
      rare_note: if_rare/rare_note
      extra_note:
        source:
          - if_extra/extra_note
          - else_extra/extra_note
        pickValue: first_non_null
    out:
      - value
outputs:
  notes:
    type: File[]
    outputSource: notes_value/value
  both:
    type: File[]
    outputSource: twice/notes
  extra:
    type: File
    outputSource:
      - if_extra/extra_note
      - else_extra/extra_note
    pickValue: first_non_null
  either:
    type: File
    outputSource: either_value/value

==> build/cwl/main.job.yml <==
texts:
  - one
  - two words
limit: 10
detailed: false

==> build/cwl/tools/count.cwl <==
# shapes.twin:7
cwlVersion: v1.2
class: CommandLineTool
requirements:
  ResourceRequirement:
    coresMin: 1
  EnvVarRequirement:
    envDef:
      LC_ALL: C.UTF-8
      TWIN_RUN: cwl
      TWIN_TASK: count
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
    printf '%s\\n' "$1" | tee note.txt | awk '{ printf "{\\"words\\": %d}", NF }' > m.json
  - sh
arguments:
  - $(inputs.text)
inputs:
  text: string
outputs:
  note:
    type: File
    format: edam:format_2330
    outputBinding:
      glob: note.txt
  words:
    type: long
    outputBinding:
      glob: m.json
      loadContents: true
      outputEval: $(metric(self, "words", null, null))
$namespaces:
  edam: http://edamontology.org/

==> build/cwl/twice.cwl <==
# shapes.twin:17
cwlVersion: v1.2
class: Workflow
requirements:
  InlineJavascriptRequirement: {}
  MultipleInputFeatureRequirement: {}
  StepInputExpressionRequirement: {}
inputs:
  text: string
steps:
  # shapes.twin:19
  a:
    run: tools/count.cwl
    in:
      text: text
    out:
      - note
  # shapes.twin:20
  b:
    run: tools/count.cwl
    in:
      text:
        source: text
        valueFrom: $(self + " " + self)
      # only waits
      after_a:
        source: a/note
        valueFrom: $(inputs.after_a)
    out:
      - note
outputs:
  notes:
    type: File[]
    outputSource:
      - a/note
      - b/note
    linkMerge: merge_nested
