// A component that is drawn again only when its properties change.

import { Component, type FunctionComponent, h } from "preact";

/** Returns `draw` as a component that stays as it is while its properties do. */
export function memo<P extends object>(draw: FunctionComponent<P>): FunctionComponent<P> {
  class Kept extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return Object.keys(next).some((key) => next[key as keyof P] !== this.props[key as keyof P]);
    }
    render() {
      return h(draw, this.props);
    }
  }
  return Kept as unknown as FunctionComponent<P>;
}
