import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  commands,
  contexts,
  notebookCommands,
  panelViewType,
  sourceCommands,
  captureCommands,
  commandsInTrust,
  viewContainer,
  views,
  walkthrough,
} from '../../../extension/editor/contributions';
import { settingSchemas } from '../../../extension/editor/settings';
import { cellLanguage, notebookType, rendererId } from '../../../extension/notebook/identity';
import { outputMime } from '../../../extension/protocol/notebook-output';
import { rules } from '../../../extension/source/rules';
import { symptomIds } from '../../../extension/protocol/finding';

const manifestText = readFileSync('package.json', 'utf8');
const texts = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;
interface Manifest {
  activationEvents: string[];
  contributes: {
    commands: { command: string; enablement?: string }[];
    views: Record<string, { id: string }[]>;
    walkthroughs: { id: string }[];
    notebooks: { type: string }[];
    notebookRenderer: { id: string; mimeTypes: string[] }[];
    languages: { id: string }[];
    menus: Record<string, { command: string; when: string }[]>;
    configuration: { properties: Record<string, Record<string, unknown>> };
  };
}
const { activationEvents, contributes } = JSON.parse(manifestText) as Manifest;
const sorted = (names: Iterable<string>) => [...names].sort();

const allCommands = Object.values({ ...commands, ...notebookCommands, ...sourceCommands, ...captureCommands });

describe('package.json and the code agree', () => {
  it('on commands', () => {
    assert.deepEqual(sorted(contributes.commands.map(({ command }) => command)), sorted(allCommands));
  });

  it('on commands that a workspace must be trusted for', () => {
    const inTrust = contributes.commands.filter(({ enablement }) => /\bisWorkspaceTrusted\b/.test(enablement ?? ''));
    assert.deepEqual(sorted(inTrust.map(({ command }) => command)), sorted(commandsInTrust));
  });

  it('on commands in menus', () => {
    const known = new Set<string>(allCommands);
    for (const { command } of Object.values(contributes.menus).flat()) assert.ok(known.has(command), command);
  });

  it('on views', () => {
    assert.deepEqual(sorted(contributes.views[viewContainer]!.map(({ id }) => id)), sorted(Object.values(views)));
  });

  it('on the walkthrough and the panel', () => {
    assert.deepEqual(
      contributes.walkthroughs.map(({ id }) => id),
      [walkthrough],
    );
    assert.ok(activationEvents.includes(`onWebviewPanel:${panelViewType}`));
  });

  it('on notebooks', () => {
    const { notebooks, notebookRenderer, languages } = contributes;
    assert.deepEqual(
      [notebooks[0]!.type, notebookRenderer[0]!.id, languages[0]!.id],
      [notebookType, rendererId, cellLanguage],
    );
    assert.deepEqual(notebookRenderer[0]!.mimeTypes, [outputMime]);
    for (const event of [`onNotebook:${notebookType}`, `onRenderer:${rendererId}`])
      assert.ok(activationEvents.includes(event), event);
  });

  it('on settings and their defaults', () => {
    const { properties } = contributes.configuration;
    const prefix = 'gradientDoctor.';
    assert.deepEqual(sorted(Object.keys(properties)), sorted(Object.keys(settingSchemas).map((name) => prefix + name)));
    for (const [name, schema] of Object.entries(settingSchemas))
      assert.deepEqual(schema.parse(undefined), properties[prefix + name]!['default'], name);
  });

  it('on the symptoms whose threshold can be set', () => {
    const { properties } = contributes.configuration.properties['gradientDoctor.thresholds'] as {
      properties: Record<string, unknown>;
    };
    assert.deepEqual(sorted(Object.keys(properties)), sorted(symptomIds));
  });

  it('on the lint rules and their names', () => {
    const { properties } = contributes.configuration.properties['gradientDoctor.rules'] as {
      properties: Record<string, { description: string }>;
    };
    assert.deepEqual(
      Object.entries(properties).map(([code, { description }]) => `${code} ${description}`),
      rules.map(({ code, name, severity }) => `${code} ${name} (${severity})`),
    );
  });

  it('on which context keys there are', () => {
    const known = new Set<string>([...Object.values(contexts), ...Object.values(views)]);
    const whens = manifestText.matchAll(/"(?:when|enablement)": "([^"]*)"/g);
    for (const [, when] of whens)
      for (const [key] of when!.matchAll(/gradientDoctor\.\w+/g)) assert.ok(known.has(key), `${key} in ${when}`);
  });

  it('on texts: every reference has one, every one is used', () => {
    const used = [...manifestText.matchAll(/"%([\w.-]+)%"/g)].map(([, key]) => key!);
    assert.deepEqual(sorted(new Set(used)), sorted(Object.keys(texts)));
  });
});
