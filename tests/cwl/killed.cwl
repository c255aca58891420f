cwlVersion: v1.2
class: Workflow
inputs: {seconds: int, pid: string}
outputs: {done: {type: File, outputSource: wait/done}}
steps:
  wait:
    in: {seconds: seconds, pid: pid}
    out: [done]
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'echo $$ >"$0"; exec sleep "$1"']
      inputs:
        pid: {type: string, inputBinding: {position: 1}}
        seconds: {type: int, inputBinding: {position: 2}}
      outputs: {done: stdout}
