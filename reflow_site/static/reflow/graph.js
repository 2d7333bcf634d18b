// Draws a graph from plain data: read-only, names as text, colours from the theme.
"use strict";

window.Reflow = window.Reflow || {};

(function (reflow) {
    const SYMBOLS = { completed: "✓ ", failed: "✕ ", running: "▶ ", handled: "! ", problem: "✕ " };

    function colour(name) {
        return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    }

    // Any CSS colour as rgb(): the canvas library knows neither oklch() nor color-mix().
    function plain(value) {
        const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
            .getContext("2d", { willReadFrequently: true });
        context.fillStyle = value;
        context.fillRect(0, 0, 1, 1);
        const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
        return `rgb(${red}, ${green}, ${blue})`;
    }

    function look() {
        const tone = (name) => plain(colour(name));
        const states = { completed: "good", failed: "bad", running: "busy", handled: "warn", problem: "bad" };
        const node = {
            shape: "round-rectangle", width: "label", height: "label", padding: "10px",
            label: "data(text)", "text-wrap": "wrap", "text-valign": "center", "text-halign": "center",
            "font-size": 13, "line-height": 1.35, color: tone("--rf-strong"),
            "background-color": tone("--rf-paper"), "border-width": 1.5, "border-color": tone("--color-base-400"),
        };
        const edge = {
            width: 1.5, "curve-style": "bezier", "target-arrow-shape": "triangle", "arrow-scale": 0.9,
            "line-color": tone("--color-base-400"), "target-arrow-color": tone("--color-base-400"),
        };
        const coloured = Object.entries(states).map(([state, name]) => ({
            selector: `node[state = "${state}"]`,
            style: {
                "border-width": 2.5, "border-color": tone(`--rf-${name}`),
                "background-color": tone(`--rf-${name}-bg`), color: tone(`--rf-${name}`),
            },
        }));
        const named = {
            label: "data(ports)", "font-size": 11, color: tone("--rf-quiet"), "text-rotation": "autorotate",
            "text-background-color": tone("--rf-paper"), "text-background-opacity": 0.9, "text-background-padding": 2,
        };
        return [
            { selector: "node", style: node }, { selector: "edge", style: edge }, ...coloured,
            { selector: "edge:selected", style: { ...named, "line-color": tone("--rf-busy"), "target-arrow-color": tone("--rf-busy"), width: 3 } },
            { selector: "edge.near", style: named },
            { selector: "node:selected", style: { "border-width": 4 } },
        ];
    }

    function textOf(node) {
        const lines = [(SYMBOLS[node.state] || "") + node.name];
        if (node.detail) lines.push(node.detail);
        if (node.ports) lines.push(node.ports);
        return lines.join("\n");
    }

    function elementsOf(drawing) {
        const nodes = drawing.nodes.map((node) => ({
            group: "nodes", data: { ...node, text: textOf(node) },
            position: drawing.placed ? { x: node.x, y: node.y } : undefined,
        }));
        const edges = drawing.edges.map((edge) => ({ group: "edges", data: { ...edge } }));
        return nodes.concat(edges);
    }

    function layoutOf(drawing) {
        const across = { name: "dagre", rankDir: "LR", nodeSep: 28, rankSep: 60, animate: false };
        return { ...(drawing.placed ? { name: "preset" } : across), fit: true, padding: 24 };
    }

    // Returns the drawing's handle: show(drawing), states({id: state}), fit().
    reflow.draw = function (box, drawing) {
        const graph = window.cytoscape({
            container: box, style: look(), elements: [], minZoom: 0.1, maxZoom: 1.6,
            autoungrabify: true, boxSelectionEnabled: false, wheelSensitivity: 0.3, userZoomingEnabled: false,
        });
        // The wheel scrolls the page; with Ctrl it zooms the drawing.
        box.addEventListener("wheel", (event) => graph.userZoomingEnabled(event.ctrlKey), { capture: true });
        graph.on("select", "node", (event) => event.target.connectedEdges().addClass("near"));
        graph.on("unselect", "node", (event) => event.target.connectedEdges().removeClass("near"));
        new MutationObserver(() => graph.style(look())).observe(document.documentElement, { attributeFilter: ["class"] });
        new ResizeObserver(() => { graph.resize(); graph.fit(undefined, 24); }).observe(box);

        const handle = {
            fit: () => graph.fit(undefined, 24),
            zoom: (factor) => graph.zoom({ level: graph.zoom() * factor, renderedPosition: { x: box.clientWidth / 2, y: box.clientHeight / 2 } }),
            show(next) {
                graph.batch(() => { graph.elements().remove(); graph.add(elementsOf(next)); });
                graph.layout(layoutOf(next)).run();
            },
            states(states) {
                graph.batch(() => graph.nodes().forEach((node) => {
                    const state = states[node.data("name")] || "";
                    if (state !== node.data("state")) {
                        node.data("state", state);
                        node.data("text", textOf(node.data()));
                    }
                }));
            },
        };
        handle.show(drawing);
        return handle;
    };

    reflow.read = (id) => {
        const script = document.getElementById(id);
        return script ? JSON.parse(script.textContent) : null;
    };

    // Every box with data-drawing is drawn from the json_script of that id.
    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-drawing]").forEach((box) => {
            const drawing = reflow.read(box.dataset.drawing);
            if (!drawing || drawing.omitted) return;
            box.replaceChildren();
            box.reflow = reflow.draw(box, drawing);
            const panel = box.closest(".rf-panel");
            panel.querySelectorAll("[data-graph-do]").forEach((button) => {
                button.hidden = false;
                const act = { fit: box.reflow.fit, closer: () => box.reflow.zoom(1.25), further: () => box.reflow.zoom(0.8) };
                button.addEventListener("click", act[button.dataset.graphDo]);
            });
        });
    });
})(window.Reflow);
