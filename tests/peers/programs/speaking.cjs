'use strict';
// How a test and a program of Node speak: a JSON object a line, facts on standard output, orders on standard input.
const { createInterface } = require('node:readline');

exports.tell = (fact, more = {}) => process.stdout.write(`${JSON.stringify({ fact, ...more })}\n`);

/** Does each order by the function of its name in `acts`; what it returns, or how it failed, is told. */
exports.obey = (acts) => {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { order, ...more } = JSON.parse(line);
    try {
      exports.tell('done', { order, value: (await acts[order](more)) ?? null });
    } catch (error) {
      exports.tell('failed', { order, error: String(error?.message ?? error) });
    }
  });
};
