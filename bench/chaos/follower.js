import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('../../test/durability/machine.ts').Machine} Machine */
/** @typedef {import('../../cli/campaign/view.ts').CampaignView} CampaignView */

const BEFORE_TRYING_AGAIN_MS = 1_000;
/** Commands that may end without a reason before the campaign is given up. */
const MOST_COMPLAINTS = 5;
/** A command that follows a campaign bears with a server that is away; one that was started so shortly before says so and ends. */
const SETTING_OUT_MS = 3_000;

/** The command that follows a campaign, as its user has it: started again when it was killed, `resume` where Temporal forgot the campaign. */
export class Follower {
  /** @type {Machine} */ #machine;
  /** @type {import('../../test/durability/machine.ts').Verb | null} */ #verb = null;
  #endExpected = false;
  #started = 0;
  #setOutInVain = false;
  /** Ends of the command that nothing of what was killed explains. @type {string[]} */
  complaints = [];
  /** What the command said at the campaign's end. @type {CampaignView | null} */
  view = null;
  over = false;
  /** Resolves when the campaign has ended, or is given up. @type {Promise<void>} */
  end;
  #ended = () => {};

  /** @param {Machine} machine */
  constructor(machine) {
    this.#machine = machine;
    this.end = new Promise((resolve) => (this.#ended = resolve));
  }

  run() {
    this.#start('run', this.#machine.setting.campaign.file);
  }

  /** From now on the command may end before its campaign. */
  expectEnd() {
    this.#endExpected = true;
  }

  /** A server that the command needs is about to be killed. */
  losesServer() {
    if (performance.now() - this.#started < SETTING_OUT_MS) this.#setOutInVain = true;
  }

  /** Waits for the command to notice that its campaign is gone, and goes on with it. */
  async resume() {
    await this.#verb?.ended;
    if (!this.over) this.#start('resume', this.#machine.setting.campaign.name);
  }

  async kill() {
    this.expectEnd();
    this.#verb?.process.kill('SIGKILL');
    await this.#verb?.ended;
  }

  /** @param {'run' | 'resume'} verb @param {string} what */
  #start(verb, what) {
    this.#endExpected = false;
    this.#started = performance.now();
    this.#setOutInVain = false;
    const command = this.#machine.verb(verb, what, '--json');
    this.#verb = command;
    void command.ended.then(async ({ code, output }) => {
      if (this.#verb !== command) return;
      this.view = viewIn(output);
      if (this.view?.state === 'done') return this.#finish();
      if (this.#endExpected) return;
      if (!this.#setOutInVain || !output.includes('"cannot reach ')) this.complaints.push(`\`${verb}\` ended with ${code}: ${output.trim().split('\n').at(-1) ?? ''}`);
      if (this.complaints.length >= MOST_COMPLAINTS) return this.#finish();
      await sleep(BEFORE_TRYING_AGAIN_MS);
      if (this.#verb === command) this.#start('resume', this.#machine.setting.campaign.name);
    });
  }

  #finish() {
    this.over = true;
    this.#ended();
  }
}

/** @param {string} output @returns {CampaignView | null} */
function viewIn(output) {
  const line = output.split('\n').findLast((each) => each.startsWith('{'));
  try {
    return line === undefined ? null : JSON.parse(line);
  } catch {
    return null;
  }
}
