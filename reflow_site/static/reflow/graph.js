// Draws a graph from plain data: read-only, names as text, colours from the theme.
"use strict";

window.Reflow = window.Reflow || {};

(function (reflow) {
    const FONT = "sans-serif"; // no web font: it arrives after the first drawing
    const FONT_SIZE = 13;
    const LINE_HEIGHT = 1.35;
    const READABLE = 0.75; // of full size; a smaller drawing is laid out again to fill its box
    const MANY = 300; // nodes; more are laid out once
    const SYMBOLS = { completed: "✓ ", failed: "✕ ", running: "▶ ", handled: "! ", waiting: "? ", problem: "✕ " };

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
        const states = { completed: "good", failed: "bad", running: "busy", handled: "warn", waiting: "warn", problem: "bad" };
        const node = {
            shape: "round-rectangle", width: "data(width)", height: "data(height)", label: "data(text)", "text-wrap": "wrap", "text-valign": "center", "text-halign": "center",
            "font-size": FONT_SIZE, "font-family": FONT, "line-height": LINE_HEIGHT, color: tone("--rf-strong"),
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
        const ports = {
            label: "data(ports)", "font-size": 11, color: tone("--rf-quiet"), "text-rotation": "autorotate",
            "text-background-color": tone("--rf-paper"), "text-background-opacity": 0.9, "text-background-padding": 2,
        };
        return [
            { selector: "node", style: node }, { selector: "edge", style: edge }, ...coloured,
            { selector: "edge:selected", style: { ...ports, "line-color": tone("--rf-busy"), "target-arrow-color": tone("--rf-busy"), width: 3 } },
            { selector: "edge.near", style: ports },
            { selector: "node:selected", style: { "border-width": 4 } },
        ];
    }

    function textOf(node) {
        const lines = [(SYMBOLS[node.state] || "") + node.name];
        if (node.detail) lines.push(node.detail);
        if (node.ports) lines.push(node.ports);
        return lines.join("\n");
    }

    const ruler = document.createElement("canvas").getContext("2d");

    function sizeOf(text) {
        ruler.font = `${FONT_SIZE}px ${FONT}`;
        const lines = text.split("\n");
        const widest = Math.max(...lines.map((line) => ruler.measureText(line).width));
        return { width: Math.ceil(widest) + 24, height: Math.ceil(lines.length * FONT_SIZE * LINE_HEIGHT) + 18 };
    }

    function named(node) {
        const text = textOf(node);
        return { ...node, text, ...sizeOf(text) };
    }

    function elementsOf(drawing) {
        const nodes = drawing.nodes.map((node) => ({
            group: "nodes", data: named(node), position: { x: node.x, y: node.y },
        }));
        const edges = drawing.edges.map((edge) => ({ group: "edges", data: { ...edge } }));
        return nodes.concat(edges);
    }

    const across = { name: "dagre", rankDir: "LR", nodeSep: 28, rankSep: 56, animate: false, fit: false };
    const down = { ...across, rankDir: "TB", rankSep: 40 };

    // How large the drawing may be in its box, 1 being full size.
    function scale(graph) {
        const bounds = graph.elements().boundingBox();
        return Math.min(graph.width() / (bounds.w + 48), graph.height() / (bounds.h + 48));
    }

    // The editor's own places, if they can be read in this box; else the layout that fits it best.
    function arrange(graph, drawing) {
        if (drawing.placed && (scale(graph) >= READABLE || drawing.nodes.length > MANY)) return;
        const layouts = drawing.nodes.length > MANY ? [across] : [across, down];
        const places = () => Object.fromEntries(graph.nodes().map((node) => [node.id(), { ...node.position() }]));
        const tried = drawing.placed ? [{ size: scale(graph), at: places() }] : [];
        layouts.forEach((layout) => {
            graph.layout(layout).run();
            tried.push({ size: scale(graph), at: places() });
        });
        const best = tried.reduce((one, other) => (other.size > one.size * 1.1 ? other : one));
        graph.nodes().positions((node) => best.at[node.id()]);
    }

    // Returns the drawing's handle: show(drawing), states({id: state}), fit().
    reflow.draw = function (box, drawing) {
        const graph = window.cytoscape({
            container: box, style: look(), elements: [], minZoom: 0.1, maxZoom: 1.6,
            autoungrabify: true, boxSelectionEnabled: false, userZoomingEnabled: false,
        });
        // The wheel scrolls the page; with Ctrl it zooms the drawing.
        box.addEventListener("wheel", (event) => graph.userZoomingEnabled(event.ctrlKey), { capture: true });
        graph.on("select", "node", (event) => event.target.connectedEdges().addClass("near"));
        graph.on("unselect", "node", (event) => event.target.connectedEdges().removeClass("near"));
        new MutationObserver(() => graph.style(look())).observe(document.documentElement, { attributeFilter: ["class"] });
        let shown = drawing;
        const settle = () => {
            graph.resize();
            if (graph.width() === 0) return; // not on the page yet: the observer calls again
            arrange(graph, shown);
            graph.fit(undefined, 24);
            if (graph.zoom() > 1) { graph.zoom(1); graph.center(); }
        };

        const handle = {
            fit: () => graph.fit(undefined, 24),
            zoom: (factor) => graph.zoom({ level: graph.zoom() * factor, renderedPosition: { x: box.clientWidth / 2, y: box.clientHeight / 2 } }),
            show(next) {
                shown = next;
                graph.batch(() => { graph.elements().remove(); graph.add(elementsOf(next)); });
                settle();
            },
            states(states) {
                graph.batch(() => graph.nodes().forEach((node) => {
                    const state = states[node.data("name")] || "";
                    if (state !== node.data("state")) {
                        node.data(named({ ...node.data(), state }));
                    }
                }));
            },
        };
        handle.show(drawing);
        let width = box.clientWidth;
        new ResizeObserver(() => {
            if (box.clientWidth !== width) { width = box.clientWidth; handle.show(shown); }
        }).observe(box);
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
