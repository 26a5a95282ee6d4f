/** A name that people can recognize and say aloud: two words derived from the id, the same on both sides. */

const first = [
  'amber brave calm clever coral crisp daring eager early fair fancy gentle golden grand happy honest',
  'jolly keen kind lively lucky merry mild misty neat noble patient proud quick quiet rapid ready',
  'rosy royal sharp shiny silent silver smooth snowy solid spry steady still sunny super swift tall',
  'tidy tiny tough true vivid warm wild wise witty young zesty bright bold cheery cosy dapper',
].flatMap((line) => line.split(' '));
const second = [
  'badger bear beaver bison bobcat camel cat condor crane crow deer dove duck eagle egret elk',
  'falcon ferret finch fox frog gecko goose hare hawk heron horse ibis jay koala lark lemur',
  'lion llama lynx magpie marten mole moose mouse newt orca otter owl panda parrot pony puffin',
  'quail rabbit raven robin seal shark sloth stork swan tapir tern tiger toad turtle whale wolf',
].flatMap((line) => line.split(' '));

export function nameOf(id: string): string {
  // FNV-1a: ids of one node begin alike, so every character must count.
  let hash = 0x811c9dc5;
  for (const char of id) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return `${first[hash % first.length]} ${second[Math.floor(hash / first.length) % second.length]}`;
}
