import type { ComponentChildren } from "preact";
import { navigate } from "../router";

/** A link within the page; with a modifier key it is an ordinary one. */
export function Link(props: { href: string; class?: string; current?: boolean; children: ComponentChildren }) {
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(props.href);
  };
  return (
    <a href={props.href} class={props.class} aria-current={props.current ? "page" : undefined} onClick={onClick}>
      {props.children}
    </a>
  );
}
