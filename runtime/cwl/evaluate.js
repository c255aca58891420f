// Evaluates expressions for one task: a JSON object a line in, {"value"} or {"error"} a line out. Each has a context of
// its own, without anything of node's: what it is given and what it gives are texts.
'use strict';
const vm = require('vm');
const lines = require('readline').createInterface({ input: process.stdin, terminal: false });

function evaluate(q) {
	const context = vm.createContext(Object.create(null), { microtaskMode: 'afterEvaluate' });
	const roots = ['inputs', 'self', 'runtime'].map((name) => `var ${name} = JSON.parse(${JSON.stringify(JSON.stringify(q[name] === undefined ? null : q[name]))});`);
	const inner = q.body ? `{${q.source}}` : `{return (${q.source}\n);}`;
	const code = `"use strict";\n${q.library.join('\n')}\n${roots.join('\n')}\nJSON.stringify((function()${inner})())`;
	const text = vm.runInContext(code, context, { timeout: q.timeout_ms, filename: 'expression' });
	return text === undefined ? 'null' : String(text);
}

lines.on('line', (line) => {
	let reply;
	try {
		reply = `{"value": ${evaluate(JSON.parse(line))}}`;
	} catch (e) {
		reply = JSON.stringify({ error: String(e && e.message ? e.message : e).slice(0, 2000) });
	}
	process.stdout.write(`${reply.replace(/\n/g, ' ')}\n`);
});
