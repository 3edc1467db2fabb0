import { describe, expect, test } from 'vitest';
import { applyRevision } from '../../../plans/edits.ts';
import { isMaterial } from '../../../plans/material.ts';
import { walk } from '../../../plans/tree.ts';
import type { Law } from '../../../schemas/law.ts';
import type { Plan } from '../../../schemas/plan.ts';
import type { SituationContent } from '../../../schemas/situation.ts';
import { StepOutput, type Finding } from '../../../schemas/wire.ts';
import { WORLDS } from '../../../worlds/index.ts';
import { rngOf } from '../../../worlds/rng.ts';
import { answer } from '../../../worlds/sim/answer.ts';
import { parseMessages } from '../../../worlds/sim/request.ts';
import { CHAPTER_TEXT, lawNamed, request, type Given } from './prompts.ts';

const TEXTBOOKS = Object.keys(lawNamed('default').textbooks);
const sure = lawNamed('default', { detect: 1, mend: 1, break: 0, falseAlarm: 0 });

function step(given: Given, law: Law): StepOutput {
  const { content } = answer(parseMessages(request(given)), law);
  if (content.kind !== 'text') throw new Error('no text');
  return StepOutput.parse(JSON.parse(content.text));
}

const critiques = (situation: SituationContent, plan: Plan, law: Law) => TEXTBOOKS.flatMap((textbook) => step({ kind: 'critique', situation, plan, textbook }, law).findings);
const key = ({ node, issue }: Pick<Finding, 'node' | 'issue'>) => `${node}: ${issue}`;

describe('the law files', () => {
  test('are in their shape; the six textbooks divide the worlds\' classes of flaw among them; the controls change one rate each', () => {
    const plain = lawNamed('default', {});
    for (const law of [plain, lawNamed('held-out')]) {
      const divided = Object.values(law.textbooks).flatMap(({ classes }) => classes).sort();
      for (const { flawClasses } of Object.values(WORLDS)) expect(divided).toEqual([...flawClasses].sort());
    }
    for (const [name, changes] of Object.entries({ 'no-detection': { detect: 0 }, destructive: { break: 0.6 }, shuffled: { shuffle: true } })) {
      expect(lawNamed(name)).toEqual({ ...plain, name, ...changes });
    }
  });
});

describe.each(Object.values(WORLDS))('in the $name world', (world) => {
  /** Badly spoiled plans of the first seeds. */
  const spoiled = Array.from({ length: 25 }, (_, seed) => {
    const situation = world.situation(seed);
    return { situation, plan: world.spoil(situation, world.exemplary(situation), 0.9, rngOf(`actor/${seed}`)) };
  });

  describe('a critic', () => {
    test('that misses nothing tells every flaw of its own classes and no other, with a quote from the chapter', () => {
      for (const { situation, plan } of spoiled) {
        const flaws = world.inspect(situation, plan);
        for (const [textbook, { classes }] of Object.entries(sure.textbooks)) {
          const { findings } = step({ kind: 'critique', situation, plan, textbook }, sure);
          expect(findings.map(key)).toEqual(flaws.filter((flaw) => classes.includes(flaw.class)).map(key));
          for (const { quote } of findings) expect(CHAPTER_TEXT).toContain(quote);
        }
      }
    });

    test('finds nothing in an exemplary plan, nor by an unknown textbook', () => {
      for (const { situation, plan } of spoiled) {
        expect(critiques(situation, world.exemplary(situation), sure)).toEqual([]);
        expect(step({ kind: 'critique', situation, plan, textbook: 'astrology' }, sure).findings).toEqual([]);
      }
    });

    test('raises false alarms at the law\'s rate', () => {
      const law = lawNamed('default', { falseAlarm: 0.3 });
      const alarms = Array.from({ length: 200 }, (_, seed) => world.situation(seed)).flatMap((situation) => step({ kind: 'critique', situation, plan: world.exemplary(situation), textbook: 'ethics' }, law).findings);
      // four standard errors of 0.032
      expect(Math.abs(alarms.length / 200 - 0.3)).toBeLessThan(0.13);
      expect(alarms.every(({ severity }) => severity === 'minor')).toBe(true);
    });

    test('whose findings are shuffled tells as many, none of which is true', () => {
      for (const { situation, plan } of spoiled) {
        const real = world.inspect(situation, plan).map(key);
        const told = critiques(situation, plan, { ...sure, shuffle: true });
        expect(told).toHaveLength(critiques(situation, plan, sure).length);
        expect(told.map(key).filter((each) => real.includes(each))).toEqual([]);
      }
    });
  });

  describe('a revision', () => {
    test('that mends all it is told raises the value, and leaves what it was not told', () => {
      for (const { situation, plan } of spoiled) {
        const findings = step({ kind: 'critique', situation, plan, textbook: 'law-and-rights' }, sure).findings;
        if (findings.length === 0) continue;
        const revised = applyRevision(plan, step({ kind: 'revise', situation, plan, textbook: 'law-and-rights', step: { findings } }, sure), situation);
        const left = world.inspect(situation, revised.plan);
        expect(left.filter((flaw) => flaw.class === 'permission')).toEqual([]);
        if (world.exemplary(situation).stance === 'pursue') expect(left.some((flaw) => flaw.class !== 'permission')).toBe(true);
      }
    });

    test('answers all findings of all texts at once with a script that can be applied, nearly always for the better', () => {
      let better = 0;
      for (const { situation, plan } of spoiled) {
        const findings = critiques(situation, plan, sure);
        const output = step({ kind: 'revise', situation, plan, textbook: 'ethics', step: { findings } }, sure);
        const revised = applyRevision(plan, output, situation);
        if (world.value(situation, revised.plan).logReward > world.value(situation, plan).logReward) better += 1;
        expect(output.material).toBe(true);
      }
      // mending one flaw may undo the mend of another: to move an errand is to copy it as it was
      expect(better).toBeGreaterThanOrEqual(spoiled.length - 1);
    });

    test('tells in its explanation the course of the plan as it then is: stance, and finest steps in their order', () => {
      for (const { situation, plan } of spoiled) {
        const findings = critiques(situation, plan, sure);
        const revised = applyRevision(plan, step({ kind: 'revise', situation, plan, textbook: 'ethics', step: { findings } }, sure), situation);
        const steps = [...walk(revised.plan)].flatMap(({ node }) => (node.kind === 'action' && node.children.length === 0 ? [node.text.replace(/\.$/, '')] : []));
        let told = revised.explanation.text.slice(revised.explanation.text.indexOf(`to ${revised.plan.stance}: `));
        for (const each of steps) {
          expect(told).toContain(each);
          told = told.slice(told.indexOf(each) + each.length);
        }
      }
    });

    test('heeds a wrong finding without changing the value, or says that it does not', () => {
      const law = lawNamed('default', { heed: 1, break: 0 });
      let heeded = 0;
      for (const { situation } of spoiled) {
        const plan = world.exemplary(situation);
        const wrong: Finding = { node: plan.nodes[1]?.id ?? '', severity: 'minor', issue: 'it is dull', suggestion: 'be merry', quote: 'q' };
        const output = step({ kind: 'revise', situation, plan, textbook: 'ethics', step: { findings: [wrong] } }, law);
        const revised = applyRevision(plan, output, situation);
        expect(world.value(situation, revised.plan)).toEqual(world.value(situation, plan));
        if (isMaterial(plan, revised.plan, 0.05)) heeded += 1;
        else expect(revised.explanation.text).toContain('it is dull');
      }
      expect(heeded).toBeGreaterThan(15);
    });

    test('that breaks at every turn plants a flaw; asked to decide, it does not', () => {
      const law = lawNamed('destructive', { break: 1, heed: 1 });
      for (const { situation } of spoiled) {
        const plan = world.exemplary(situation);
        const findings: Finding[] = [{ node: plan.nodes[1]?.id ?? '', severity: 'minor', issue: 'it is dull', suggestion: 'be merry', quote: 'q' }];
        const revise = (decide: boolean) => applyRevision(plan, step({ kind: 'revise', situation, plan, textbook: 'ethics', step: { findings, decide } }, law), situation).plan;
        expect(world.inspect(situation, revise(false))).not.toEqual([]);
        expect(revise(true)).toEqual(plan);
      }
    });
  });
});
