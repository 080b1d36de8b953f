// Keeps the live parts of a page up to date. Without it, pages are as they were
// when they were opened.
"use strict";
(() => {
	if (!document.querySelector("[data-live]") || !window.EventSource) return;
	let source = null;

	// replace puts a part in its place, unless it is as it was, and keeps what
	// somebody opened, and where he is.
	const replace = (place, html) => {
		const next = place.cloneNode(false);
		next.innerHTML = html;
		const before = [...place.querySelectorAll("details[id]")];
		for (const was of before) {
			const is = next.querySelector("#" + CSS.escape(was.id));
			if (is) is.open = was.open;
		}
		if (place.isEqualNode(next)) return;
		const at = place.contains(document.activeElement) ? document.activeElement : null;
		if (at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return; // somebody writes here
		const all = "a, button, summary, [tabindex]";
		const index = at ? [...place.querySelectorAll(all)].indexOf(at) : -1;
		place.replaceChildren(...next.childNodes);
		if (at) {
			const to = (at.id && document.getElementById(at.id)) || place.querySelectorAll(all)[index];
			if (to) to.focus({ preventScroll: true });
		}
	};

	const listen = () => {
		source = new EventSource("/live?at=" + encodeURIComponent(location.pathname + location.search));
		source.addEventListener("part", (e) => {
			const part = JSON.parse(e.data);
			for (const place of document.querySelectorAll("[data-live]")) {
				if (place.dataset.live === part.name) replace(place, part.html);
			}
			document.documentElement.dataset.stream = "open";
		});
		source.addEventListener("over", () => {
			source.close();
			location.reload(); // the sign-in page, or the reason
		});
	};
	// A browser opens few connections to one host: a page that nobody sees has none.
	const look = () => {
		if (source) source.close();
		source = null;
		if (!document.hidden) listen();
	};
	document.addEventListener("visibilitychange", look);
	window.addEventListener("pagehide", () => source && source.close());
	look();
})();
