// What every client test needs: where the gateway is, and counted checks.
export const BASE = process.env.VUZO_TEST_BASE;
export const KEY = process.env.VUZO_TEST_KEY;
export const POOR_KEY = process.env.VUZO_TEST_POOR_KEY;
export const LIMITED_KEY = process.env.VUZO_TEST_LIMITED_KEY;
export const OPENAI = 'gpt-5.4-mini';
export const ANTHROPIC = 'claude-sonnet-4.6';
export const GOOGLE = 'gemini-2.5-flash';
export const CHAT_MODELS = [OPENAI, ANTHROPIC, GOOGLE];

const tests = [];

export function test(name, body) {
  tests.push([name, body]);
}

export async function rejects(call, kind) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof kind)) throw new Error(`${kind.name} was expected, not ${error}`, { cause: error });
    return error;
  }
  throw new Error(`${kind.name} was expected, and nothing was raised`);
}

export async function run() {
  let failed = 0;
  for (const [name, body] of tests) {
    try {
      await body();
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}`);
      console.log(error);
    }
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exit(failed || !tests.length ? 1 : 0);
}
