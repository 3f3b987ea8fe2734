/** What both readers of syntax trees need. */
import type { SyntaxNode, Tree } from '@lezer/common';
import type { Span } from './text';

const comments = new Set(['Comment', 'LineComment', 'BlockComment']);

/** The children of a node without comments. */
export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
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
