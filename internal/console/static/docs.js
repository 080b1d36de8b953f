// Shows an API with Swagger UI. Calls are rehearsed by the hub unless the switch
// says otherwise; what is typed into the page stays in it.
"use strict";
(async () => {
	const place = document.getElementById("docs-ui");
	if (!place || !window.SwaggerUIBundle) return;
	const words = place.dataset;
	const at = "/docs/" + encodeURIComponent(words.api);
	const text = await (await fetch(at + "/openapi.json")).text();
	const original = JSON.parse(text);
	const real = document.getElementById("docs-real");
	const simulated = () => !(real && real.checked);

	const element = (name, properties, ...children) => {
		const e = Object.assign(document.createElement(name), properties);
		e.append(...children);
		return e;
	};

	// What is filled in once: values of the document, and what opens the door.
	const schemes = original.components?.securitySchemes ?? {};
	const fields = [];
	for (const v of original["x-ordermux-values"] ?? []) {
		fields.push({ kind: "value", name: v.name, label: v.name, hint: v.description, example: v.example ?? "" });
	}
	for (const [name, s] of Object.entries(schemes)) {
		if (s.type === "http" && s.scheme === "basic") {
			fields.push({ kind: "user", name, label: name + ": " + words.user }, { kind: "password", name, label: name + ": " + words.password });
		} else if (s.type === "apiKey" || s.type === "http") {
			fields.push({ kind: "key", name, label: name, hint: s.description });
		}
	}
	const form = document.getElementById("docs-form");
	for (const f of fields) {
		f.input = element("input", { type: f.kind === "password" || f.kind === "key" ? "password" : "text", autocomplete: "off", title: f.hint ?? "" });
		form.append(element("label", { textContent: f.label }, f.input));
	}
	if (fields.length) {
		form.append(element("button", { textContent: words.use }));
		document.getElementById("docs-values").hidden = false;
	}

	const filled = () => {
		let out = text;
		for (const f of fields) {
			if (f.kind === "value") out = out.replaceAll("{{" + f.name + "}}", JSON.stringify(f.input.value || f.example).slice(1, -1));
		}
		return JSON.parse(out);
	};

	const bytes = (buffer) => {
		let out = "";
		for (const b of new Uint8Array(buffer)) out += String.fromCharCode(b);
		return btoa(out);
	};
	const below = (url) => {
		const u = new URL(url, location.href);
		const base = new URL(original.servers[0].url, location.href).pathname.replace(/\/$/, "");
		return (u.pathname.startsWith(base) ? u.pathname.slice(base.length) : u.pathname) + u.search || "/";
	};
	// A call goes to the hub that shows the page, whatever name clients have for it.
	const ask = async (req) => {
		const path = below(req.url);
		if (!simulated()) {
			req.url = words.path + path;
			return req;
		}
		const method = (req.method || "GET").toUpperCase();
		const whole = new Request("/x", { method, headers: req.headers, body: method === "GET" || method === "HEAD" ? undefined : req.body });
		const header = {};
		for (const [name, value] of whole.headers) header[name] = [value];
		const body = bytes(await whole.arrayBuffer());
		req.url = at + "/rehearse";
		req.method = "POST";
		req.headers = { "Content-Type": "application/json" };
		req.body = JSON.stringify({ method, path, header, body });
		req.rehearsed = true;
		return req;
	};
	const hear = (res) => {
		if (!new URL(res.url, location.href).pathname.endsWith(at + "/rehearse")) return res;
		const told = JSON.parse(res.text);
		if (told.error) {
			Object.assign(res, { text: told.error, data: told.error, body: told.error, obj: told.error, headers: { "content-type": "text/plain" } });
			return res;
		}
		const body = told.base64 ? atob(told.body) : told.body ?? "";
		const headers = {};
		for (const [name, values] of Object.entries(told.header ?? {})) headers[name.toLowerCase()] = values.join(", ");
		Object.assign(res, { status: told.status, statusText: "", ok: told.status < 400, headers, text: body, data: body });
		try {
			res.body = res.obj = JSON.parse(body);
		} catch {
			res.body = res.obj = body;
		}
		outcome(told);
		return res;
	};
	const outcome = (told) => {
		const list = document.getElementById("docs-events");
		document.getElementById("docs-outcome").hidden = false;
		list.replaceChildren();
		for (const [key, title] of [["events", words.kept], ["routes", words.sent]]) {
			if (told[key]?.length) list.append(element("h3", { textContent: title }), element("pre", { tabIndex: 0, textContent: JSON.stringify(told[key], null, 2) }));
		}
		if (!list.children.length) list.append(element("p", { textContent: words.nothing }));
	};

	// A choice of addresses that nobody named.
	new MutationObserver(() => {
		for (const choice of place.querySelectorAll("select:not([aria-label])")) choice.setAttribute("aria-label", words.address);
	}).observe(place, { childList: true, subtree: true });

	let ui = null;
	const show = () => {
		ui = SwaggerUIBundle({
			spec: filled(), domNode: place, deepLinking: false, tryItOutEnabled: true, validatorUrl: null, persistAuthorization: false,
			showMutatedRequest: false, showExtensions: true, defaultModelsExpandDepth: 0, docExpansion: "list", requestInterceptor: ask, responseInterceptor: hear,
			onComplete: open,
		});
	};
	const open = () => {
		for (const f of fields) {
			if (!f.input.value) continue;
			if (f.kind === "key") ui.preauthorizeApiKey(f.name, f.input.value);
			if (f.kind === "user") ui.preauthorizeBasic(f.name, f.input.value, fields.find((p) => p.kind === "password" && p.name === f.name).input.value);
		}
	};
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		show();
	});
	if (real) {
		document.getElementById("docs-switch").hidden = false;
		real.addEventListener("change", () => {
			const mode = document.getElementById("docs-mode");
			mode.textContent = real.checked ? words.isreal : words.simulated;
			mode.classList.toggle("bad", real.checked);
		});
	}
	show();
})();
