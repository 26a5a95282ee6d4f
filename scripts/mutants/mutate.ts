/** The mutants of a source text: small changes made on its syntax tree, each of which a test should notice. */
import { parseSync } from '@swc/core';

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** A description of the change for readers. */
  readonly change: string;
  /** The file's whole text with the change. */
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly span: { readonly start: number; readonly end: number };
  readonly [field: string]: unknown;
}

const SWAPPED: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '&&': '||',
  '||': '&&',
  '+': '-',
  '-': '+',
};
/** The properties of a transition or state that a mutant may drop. */
const DROPPED = new Set(['target', 'guard', 'actions', 'entry', 'exit', 'reenter', 'after', 'always']);
/**
 * A token put before the text so that the tree shows where the text begins: offsets continue from one parsed text to
 * the next.
 */
const MARK = '0;';

/** A small number is changed by one; a large one is a time or a limit, where one more makes no difference. */
const changed = (number: number) => (Math.abs(number) < 10 ? number + 1 : number * 2);

/** What a comparator returns of which only the sign counts: `… ? -1 : 1`. */
const COMPARED = /^(-1\s*:\s*1|1\s*:\s*-1)$/;
/** A typed array that begins empty, and grows: that it has room for one more at first makes no difference. */
const EMPTY = /^new \w+\d+Array\(0\)$/;

/** All mutants of a file's text, in source order. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const bytes = Buffer.from(MARK + text);
  const tree = parseSync(String(bytes), { syntax: 'typescript', target: 'es2022' }) as unknown as Node;
  const base = tree.span.start;
  const found: Mutant[] = [];
  const slice = (start: number, end: number) => String(bytes.subarray(start - base, end - base));
  const replace = (start: number, end: number, by: string) => {
    const mutated = slice(base, start) + by + String(bytes.subarray(end - base));
    const short = (part: string) => part.replace(/\s+/g, ' ').slice(0, 60);
    found.push({
      file,
      line: slice(base, start).split('\n').length,
      change: `${short(slice(start, end))} → ${short(by) || 'nothing'}`,
      text: mutated.slice(MARK.length),
    });
  };
  const negate = ({ span: { start, end } }: Node) => replace(start, end, `!(${slice(start, end)})`);

  const visit = (node: Node): void => {
    const { start, end } = node.span;
    if (node.type.startsWith('Ts') || node.type === 'ImportDeclaration') return;
    if (node.type === 'NewExpression' && EMPTY.test(slice(start, end))) return;
    if (node.type === 'BinaryExpression') {
      const [left, right] = [node.left as Node, node.right as Node];
      const swapped = SWAPPED[String(node.operator)];
      const between = slice(left.span.end, right.span.start);
      if (swapped) replace(left.span.end, right.span.start, between.replace(String(node.operator), swapped));
    } else if (node.type === 'BooleanLiteral') replace(start, end, String(!node.value));
    else if (node.type === 'NumericLiteral') replace(start, end, String(changed(Number(node.value))));
    else if (node.type === 'AwaitExpression')
      replace(start, end, slice((node.argument as Node).span.start, end));
    else if (node.type === 'IfStatement') negate(node.test as Node);
    else if (node.type === 'ConditionalExpression') {
      negate(node.test as Node);
      if (COMPARED.test(slice((node.consequent as Node).span.start, end))) {
        visit(node.test as Node);
        return;
      }
    } else if (node.type === 'ExpressionStatement') replace(start, end, ';');
    for (const child of Object.values(node)) visitAny(child);
  };
  const visitAny = (child: unknown): void => {
    if (Array.isArray(child)) for (const one of child) visitAny(one);
    else if (child && typeof child === 'object') {
      const { type, key, value } = child as { type?: string; key?: Node; value?: Node };
      // This node has no span of its own.
      if (type === 'KeyValueProperty' && key && value && DROPPED.has(String(key.value)))
        replace(key.span.start, value.span.end, '');
      if ('type' in child && 'span' in child) visit(child as Node);
      else for (const one of Object.values(child)) visitAny(one);
    }
  };
  visitAny((tree.body as Node[]).slice(1));
  // Dropping a property may leave two commas.
  return found.map((mutant) => ({ ...mutant, text: mutant.text.replace(/([{,]\s*),/g, '$1') }));
}
