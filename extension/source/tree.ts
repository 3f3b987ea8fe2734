/** What both readers of syntax trees need. */
import type { SyntaxNode, Tree } from '@lezer/common';
import type { Span } from './text';

const comments = new Set(['Comment', 'LineComment', 'BlockComment']);

/** A part that the grammar asks for is not there: the statement around cannot be read. */
export class MissingPart extends Error {}

/** A node that the text may have been too short for. @throws MissingPart */
export const present = (node: SyntaxNode | undefined): SyntaxNode => {
  if (!node) throw new MissingPart();
  return node;
};

/** The children of a node without comments. @throws MissingPart */
export const childrenOf = (node: SyntaxNode | undefined): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = present(node).firstChild; child; child = child.nextSibling)
    if (!comments.has(child.name)) children.push(child);
  return children;
};

/** Places of syntax errors, for asking whether a span holds one. */
export class SyntaxErrors {
  private readonly spans: Span[] = [];

  constructor(tree: Tree) {
    tree.iterate({
      enter: (node) => {
        if (node.type.isError) this.spans.push({ from: node.from, to: node.to });
      },
    });
  }

  within({ from, to }: Span): boolean {
    return this.spans.some((span) => span.from >= from && span.to <= to);
  }
}
