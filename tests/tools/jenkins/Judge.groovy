// Judges declarative Jenkinsfiles, in three ways. See run.
// 1. Groovy 2.4, which Jenkins runs pipelines with, parses the file; a table of the documented declarative rules is checked on
//    its syntax tree, with line and column. The table follows the published syntax; it is not Jenkins' code.
// 2. JenkinsPipelineUnit calls every stage with steps that do nothing: an unknown step, a missing variable, a wrong call.
// 3. With --run: once more, with conditions obeyed and `sh` really run in the current folder.
// Judge.groovy [--run [NAME=VALUE ...]] FILE ...: exit 1 where one is bad, or a run failed.
import org.codehaus.groovy.ast.ModuleNode
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.*
import com.lesfurets.jenkins.unit.BasePipelineTest

class Rules {
  List<String> errs = [], axes = [], params = []
  static final COMMON = ['agent', 'environment', 'options', 'tools', 'post'] as Set
  static final BODY = ['steps', 'stages', 'parallel', 'matrix']
  static final WHEN = ['branch', 'tag', 'buildingTag', 'changelog', 'changeset', 'changeRequest', 'environment', 'equals', 'expression', 'isRestartedRun', 'triggeredBy', 'not', 'allOf', 'anyOf']
  static final MAY = [
    pipeline: COMMON + ['stages', 'parameters', 'triggers', 'libraries'],
    stage: COMMON + ['when', 'input', 'failFast'] + BODY,
    stages: ['stage'], parallel: ['stage'], matrix: COMMON + ['axes', 'excludes', 'stages', 'when', 'input', 'failFast'],
    axes: ['axis'], excludes: ['exclude'], exclude: ['axis'], axis: ['name', 'values', 'notValues'],
    post: ['always', 'changed', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable', 'unsuccessful', 'notBuilt', 'cleanup'],
    when: WHEN + ['beforeAgent', 'beforeInput', 'beforeOptions'], not: WHEN, allOf: WHEN, anyOf: WHEN,
    input: ['message', 'id', 'ok', 'submitter', 'submitterParameter', 'parameters'],
    agent: ['label', 'node', 'docker', 'dockerfile', 'kubernetes', 'any', 'none'],
    options: ['buildDiscarder', 'checkoutToSubdirectory', 'disableConcurrentBuilds', 'disableResume', 'newContainerPerStage', 'overrideIndexTriggers', 'parallelsAlwaysFailFast', 'preserveStashes', 'quietPeriod', 'retry', 'skipDefaultCheckout', 'skipStagesAfterUnstable', 'timeout', 'timestamps', 'lock', 'throttleJobProperty', 'ansiColor', 'copyArtifactPermission', 'durabilityHint', 'rateLimitBuilds', 'withCredentials', 'withEnv', 'catchError', 'warnError', 'ws'],
    parameters: ['string', 'text', 'booleanParam', 'choice', 'password', 'file', 'run', 'credentials'],
    triggers: ['cron', 'parameterizedCron', 'pollSCM', 'upstream', 'githubPush'], tools: ['maven', 'jdk', 'gradle', 'git', 'nodejs', 'go', 'ant', 'cmake', 'dockerTool'], libraries: ['lib']]
  static final MUST = [pipeline: ['agent', 'stages'], matrix: ['axes', 'stages'], axis: ['name'], input: ['message']]
  static final MANY = ['stage', 'axis', 'exclude', 'lib'] as Set
  static final NEST = ['stages', 'parallel', 'matrix', 'axes', 'axis', 'excludes', 'exclude', 'post', 'not', 'allOf', 'anyOf', 'input', 'options', 'parameters', 'triggers', 'tools', 'libraries', 'when'] as Set

  void err(n, String m) { errs << "${n.lineNumber}:${n.columnNumber}: $m".toString() }
  static List args(MethodCallExpression c) { c.arguments instanceof TupleExpression ? c.arguments.expressions : [c.arguments] }
  static ClosureExpression body(MethodCallExpression c) { def a = args(c); a && a.last() instanceof ClosureExpression ? a.last() : null }
  static List<Statement> stmts(ClosureExpression c) { c.code instanceof BlockStatement ? c.code.statements : [c.code] }
  static MethodCallExpression mcall(Statement s) {
    s instanceof ExpressionStatement && s.expression instanceof MethodCallExpression && s.expression.implicitThis ? s.expression : null
  }
  void module(ModuleNode m) {
    def p = m.statementBlock.statements.findAll { mcall(it)?.methodAsString == 'pipeline' }
    if (p.size() != 1) { errs << "1:1: expected one top-level pipeline block, found ${p.size()}".toString(); return }
    def b = body(mcall(p[0])); if (!b) err(p[0], 'pipeline needs a block') else block('pipeline', b, false)
  }
  void block(String ctx, ClosureExpression c, boolean inPar) {
    if (ctx == 'environment') { env(c); return }
    def seen = [:].withDefault { 0 }, names = [] as Set
    for (s in stmts(c)) {
      def k = mcall(s)
      if (!k) { err(s, "not a section or directive inside '$ctx'"); continue }
      String n = k.methodAsString
      if (!(n in MAY[ctx])) { err(k, "unknown or misplaced '$n' in '$ctx' (allowed: ${MAY[ctx].join(', ')})"); continue }
      if (++seen[n] > 1 && !(n in MANY) && !(ctx in ['when', 'allOf', 'anyOf', 'parameters', 'options', 'tools'])) err(k, "'$n' given twice in '$ctx'")
      if (n == 'stage') {
        def a = args(k)
        if (a.size() != 2 || !(a[0] instanceof ConstantExpression) || !(a[0].value instanceof String) || !body(k)) { err(k, "stage wants ('literal name') { ... }"); continue }
        if (!names.add(a[0].value)) err(k, "duplicate stage name '${a[0].value}'")
        stage(a[0].value, k, inPar || ctx == 'parallel'); continue
      }
      if (ctx == 'axis' && n == 'name' && args(k)) axes << args(k)[0].text
      section(n, k, ctx, inPar)
    }
    MUST[ctx]?.each { if (!seen[it]) err(c, "'$ctx' lacks '$it'") }
    if (ctx == 'when' && !seen.keySet().any { it in WHEN }) err(c, "'when' has no condition")
    if (ctx == 'not' && stmts(c).size() != 1) err(c, "'not' wants one condition")
    if (ctx == 'axis' && !seen.values && !seen.notValues) err(c, "'axis' lacks 'values'")
    if (!stmts(c)) err(c, "empty '$ctx'")
  }
  void section(String n, MethodCallExpression k, String ctx, boolean inPar) {
    def b = body(k), a = args(k)
    if (n == 'steps' || ctx == 'post') { if (!b || a.size() != 1) err(k, "'$n' wants a block") else steps(n, b); return }
    if (n == 'agent') {
      if (b) { if (stmts(b).size() != 1) err(k, "'agent' wants one type"); stmts(b).each { def t = mcall(it); if (!t || !(t.methodAsString in MAY.agent)) err(it, "unknown agent type '${t?.methodAsString}'") } }
      else if (a.size() != 1 || !(a[0] instanceof VariableExpression) || !(a[0].name in ['any', 'none'])) err(k, "agent wants any, none or a block")
      return
    }
    if (n == 'environment' && ctx != 'when' && !(ctx in ['not', 'allOf', 'anyOf'])) { if (!b) err(k, "'environment' wants a block") else env(b); return }
    if (n == 'failFast') { if (a.size() != 1 || !(a[0] instanceof ConstantExpression) || !(a[0].value instanceof Boolean)) err(k, 'failFast wants true or false'); return }
    if (n == 'expression') { if (!b) err(k, "'expression' wants a block"); return }
    if (n in NEST) { if (!b || a.size() != 1) err(k, "'$n' wants a block") else block(n, b, inPar); return }
    if (ctx in ['when', 'not', 'allOf', 'anyOf', 'axis', 'tools', 'input'] && !a && !(n in ['buildingTag', 'changeRequest', 'isRestartedRun'])) err(k, "'$n' wants a value")
    if (ctx == 'parameters' && !(a && a[0] instanceof TupleExpression || a && a[0] instanceof MapExpression)) err(k, "parameter '$n' wants name: ...")
    else if (ctx == 'parameters') { def m = a[0] instanceof MapExpression ? a[0] : a[0].expressions[0]; def nm = m.mapEntryExpressions.find { it.keyExpression.text == 'name' }; if (!nm) err(k, "parameter '$n' lacks name") else params << nm.valueExpression.text }
  }
  void stage(String name, MethodCallExpression k, boolean inPar) {
    def b = body(k), here = stmts(b).collect { mcall(it)?.methodAsString }
    def kinds = BODY.findAll { it in here }
    if (kinds.size() != 1) err(k, "stage '$name' wants exactly one of ${BODY.join(', ')}, has ${kinds}")
    boolean par = 'parallel' in here || 'matrix' in here
    if (par && inPar) err(k, "stage '$name': parallel/matrix inside parallel/matrix")
    if ('parallel' in here) ['agent', 'tools'].each { if (it in here) err(k, "stage '$name': '$it' is not allowed with parallel") }
    if ('failFast' in here && !par) err(k, "stage '$name': failFast without parallel/matrix")
    block('stage', b, inPar || par)
  }
  void env(ClosureExpression c) {
    def keys = [] as Set
    if (!stmts(c)) err(c, "empty 'environment'")
    for (s in stmts(c)) {
      def e = s instanceof ExpressionStatement ? s.expression : null
      if (!(e instanceof BinaryExpression) || e.operation.text != '=' || !(e.leftExpression instanceof VariableExpression)) { err(s, "'environment' holds only NAME = value"); continue }
      if (!keys.add(e.leftExpression.name)) err(s, "duplicate environment name '${e.leftExpression.name}'")
      def r = e.rightExpression
      boolean ok = r instanceof GStringExpression || r instanceof MethodCallExpression || (r instanceof ConstantExpression && !(r.value == null)) || (r instanceof BinaryExpression && r.operation.text == '+')
      if (!ok) err(r, 'environment values are strings or function calls')
    }
  }
  void steps(String ctx, ClosureExpression c) {
    if (!stmts(c)) err(c, "no steps in '$ctx'")
    for (s in stmts(c)) {
      def k = mcall(s)
      if (!k) { err(s, "'$ctx' may hold only steps (use script { } for Groovy)"); continue }
      if (k.methodAsString == 'parallel' && !(body(k) && args(k).size() == 1)) continue   // old style: parallel a: { }, b: { }
      if (k.methodAsString in ['stage', 'stages', 'steps', 'parallel', 'matrix', 'post', 'when', 'agent', 'environment', 'options', 'pipeline']) { err(k, "'${k.methodAsString}' is not a step in '$ctx'"); continue }
      if (k.methodAsString != 'script' && body(k)) steps(k.methodAsString, body(k))
    }
  }
}

class Runner extends BasePipelineTest {
  List<String> extra = []
  Runner() { scriptRoots = ['/', '.'] as String[] }
  static final BLOCK = ['pipeline', 'stages', 'parallel', 'matrix', 'axes', 'axis', 'excludes', 'exclude', 'steps', 'script', 'post', 'always', 'changed', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable', 'unsuccessful', 'notBuilt', 'cleanup', 'when', 'not', 'allOf', 'anyOf', 'expression', 'options', 'parameters', 'triggers', 'tools', 'libraries', 'agent', 'docker', 'dockerfile', 'kubernetes', 'input', 'timestamps', 'node', 'catchError', 'waitUntil', 'dir', 'ws', 'timeout', 'retry', 'withEnv', 'withCredentials', 'lock', 'warnError', 'container', 'ansiColor', 'sshagent']
  static final PLAIN = ['failFast', 'agent', 'label', 'image', 'args', 'yaml', 'filename', 'registryUrl', 'reuseNode', 'customWorkspace', 'name', 'values', 'notValues', 'branch', 'tag', 'buildingTag', 'changelog', 'changeset', 'changeRequest', 'equals', 'isRestartedRun', 'triggeredBy', 'beforeAgent', 'beforeInput', 'beforeOptions', 'message', 'ok', 'id', 'submitter', 'submitterParameter', 'cron', 'parameterizedCron', 'pollSCM', 'upstream', 'githubPush', 'maven', 'jdk', 'gradle', 'git', 'nodejs', 'go', 'lib', 'string', 'text', 'booleanParam', 'choice', 'password', 'file', 'run', 'credentials', 'usernamePassword', 'usernameColonPassword', 'sshUserPrivateKey', 'buildDiscarder', 'logRotator', 'checkoutToSubdirectory', 'disableConcurrentBuilds', 'disableResume', 'newContainerPerStage', 'overrideIndexTriggers', 'parallelsAlwaysFailFast', 'preserveStashes', 'quietPeriod', 'skipDefaultCheckout', 'skipStagesAfterUnstable', 'timestamps', 'throttleJobProperty', 'copyArtifactPermission', 'durabilityHint', 'timeout', 'retry', 'lock', 'unstable',
    'echo', 'sh', 'bat', 'powershell', 'pwsh', 'junit', 'archiveArtifacts', 'stash', 'unstash', 'deleteDir', 'cleanWs', 'error', 'input', 'build', 'checkout', 'readFile', 'writeFile', 'fileExists', 'sleep', 'mail', 'emailext', 'publishHTML', 'fingerprint', 'isUnix', 'tool', 'milestone', 'readJSON', 'writeJSON', 'readYaml', 'writeYaml', 'pwd', 'load', 'library', 'slackSend', 'properties', 'docker', 'kubernetes', 'dockerfile', 'node']
  void prepare() {
    super.setUp()
    def run = { Closure c -> c.resolveStrategy = Closure.OWNER_FIRST; c.call() }
    BLOCK.each { n ->
      helper.registerAllowedMethod(n, [Closure], run)
      helper.registerAllowedMethod(n, [Object, Closure], { a, Closure c -> c.call() })
    }
    helper.registerAllowedMethod('stage', [String, Closure], { s, Closure c -> c.call() })
    helper.registerAllowedMethod('environment', [Map], { true })
    helper.registerAllowedMethod('environment', [Closure], { Closure c -> c.call() })
    (PLAIN + extra).unique().each { n ->
      boolean noArg = !(n in ['run', 'sh', 'bat', 'powershell', 'pwsh', 'echo', 'junit', 'archiveArtifacts', 'stash', 'unstash', 'writeFile', 'readFile', 'build', 'sleep', 'label', 'image', 'name', 'branch', 'message'])
      if (noArg) helper.registerAllowedMethod(n, [], { '' })   // (script.run() itself must never be mocked)
      def one = { a ->
        if (n in ['sh', 'bat', 'pwsh', 'powershell'] && !(a instanceof CharSequence || (a instanceof Map && a.script instanceof CharSequence))) throw new IllegalArgumentException("$n wants a string or script: '...'")
        if (n in ['junit', 'archiveArtifacts'] && !(a instanceof CharSequence || a instanceof Map)) throw new IllegalArgumentException("$n wants a string or named values")
        a instanceof Map && a.returnStatus ? 0 : n == 'sh' ? '2' : '' }
      [Object, String, GString, Map, List].each { helper.registerAllowedMethod(n, [it], one) }
      helper.registerAllowedMethod(n, [Object, Object], { a, b -> '' })
      if (noArg) helper.registerAllowedMethod(n, [Object[]], { Object[] a -> '' })
    }
    (3..64).each { n -> helper.registerAllowedMethod('values', [Object] * n, { Object... v -> '' }) }
    [any: 'any', none: 'none', env: [:], params: [:], scm: [:], WORKSPACE: '/ws', BUILD_NUMBER: '1', JOB_NAME: 'j', BUILD_URL: 'u', BUILD_TAG: 't', BUILD_ID: '1', BRANCH_NAME: 'main', NODE_NAME: 'n', currentBuild: [result: 'SUCCESS', currentResult: 'SUCCESS', number: 1]].each { k, v -> binding.setVariable(k, v) }
  }
}


class Skipped extends RuntimeException {}

// Obeys `when`, runs `sh`, goes through a matrix value by value; a person says yes to everything.
class Live extends Runner {
  Map<String, String> vars = [:]
  File here = new File('.').canonicalFile
  List<List> axes = null
  List axis = null
  boolean unstable = false

  def sh(a) {
    String script = a instanceof Map ? a.script : a.toString()
    def builder = new ProcessBuilder('sh', '-e', '-c', script).directory(here).redirectErrorStream(!(a instanceof Map && a.returnStdout))
    builder.environment().putAll(vars)
    def process = builder.start()
    process.outputStream.close()
    String said = process.inputStream.text
    int code = process.waitFor()
    if (a instanceof Map && a.returnStatus) return code
    if (code) throw new IllegalStateException("sh gave $code: ${script.readLines()[0]}\n$said")
    return a instanceof Map && a.returnStdout ? said : ''
  }
  def writeFile(a) { new File(here, a.file).setText(a.text, a.encoding) }
  void prepare() {
    super.prepare()
    def call = { Closure c -> c.resolveStrategy = Closure.OWNER_FIRST; c.call() }
    [String, GString, Map].each { helper.registerAllowedMethod('sh', [it], this.&sh) }
    helper.registerAllowedMethod('stage', [String, Closure], { s, Closure c -> try { call(c) } catch (Skipped e) { } })
    helper.registerAllowedMethod('expression', [Closure], { Closure c -> if (!call(c)) throw new Skipped() })
    helper.registerAllowedMethod('dir', [String, Closure], { s, Closure c -> File was = here; here = new File(here, s).canonicalFile; try { call(c) } finally { here = was } })
    helper.registerAllowedMethod('post', [Closure], call)
    [Object, Map].each { helper.registerAllowedMethod('writeFile', [it], this.&writeFile) }
    helper.registerAllowedMethod('catchError', [Object, Closure], { a, Closure c -> try { call(c) } catch (IllegalStateException e) { unstable = true } })
    helper.registerAllowedMethod('parallel', [Map], { Map m -> m.each { k, c -> call(c) } })
    helper.registerAllowedMethod('matrix', [Closure], { Closure c -> axes = []; call(c) })
    helper.registerAllowedMethod('axis', [Closure], { Closure c -> axis = [null, []]; call(c); axes << axis })
    [Object, String].each { helper.registerAllowedMethod('name', [it], { s -> if (axis) axis[0] = s; '' }) }
    def take = { List v -> if (axis) axis[1] = v; '' }
    [Object, String].each { helper.registerAllowedMethod('values', [it], { v -> take([v]) }) }
    (2..64).each { n -> helper.registerAllowedMethod('values', [Object] * n, { Object... v -> take(v as List) }) }
    helper.registerAllowedMethod('stages', [Closure], { Closure c ->
      if (!axes) { call(c); return }
      def all = axes; axes = null
      all.collect { it[1] }.combinations().each { picked ->
        all.eachWithIndex { a, i -> vars[a[0]] = picked[i].toString() }
        call(c)
      }
    })
  }
}

int bad = 0
boolean live = false; def given = [:]; def files = []
args.each { if (it == '--run') live = true else if (live && it.contains('=')) given[it.split('=', 2)[0]] = it.split('=', 2)[1] else files << it }

def trouble = { String f, Throwable e ->
  def c = e; while (c.cause && c.cause != c) c = c.cause
  def at = c.stackTrace.find { it.fileName && new File(f).name.startsWith(it.fileName.replaceAll(/\.\w+$/, '')) }
  "${at ? at.lineNumber : '?'}:1: run: ${c.class.simpleName}: ${c.message?.readLines()?.take(8)?.join(' ')}".toString()
}
files.each { f ->
  def errs = []
  try {
    def su = SourceUnit.create(f, new File(f).getText('UTF-8')); su.parse(); su.completePhase(); su.convert()
    def rules = new Rules(); rules.module(su.AST); errs.addAll(rules.errs)
    (live && !errs ? [new Runner(), new Live(vars: given)] : [new Runner()]).each { t ->
      try {
        t.prepare()
        t.binding.setVariable('env', [:].withDefault { '' })
        t.binding.setVariable('params', t instanceof Live ? given : [:].withDefault { '' })
        (rules.axes + rules.params).each { t.binding.setVariable(it, it) }
        if (t instanceof Live) rules.params.each { if (!given.containsKey(it)) given[it] = '' }
        t.runScript(new File(f).canonicalPath)
      } catch (Throwable e) { errs << trouble(f, e) }
    }
  } catch (Throwable e) { errs << "?: ${e.class.simpleName}: ${e.message}".toString() }
  errs.each { println "$f:$it" }
  if (errs) bad++
  println "$f: ${errs ? 'BAD' : 'OK'}"
}
System.exit(bad ? 1 : 0)
