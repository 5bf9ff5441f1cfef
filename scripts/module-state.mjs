// A rule of oxlint: modules of the server hold no state, so that two apps in one process share nothing (ARCHITECTURE.md).

const COLLECTIONS = new Set(["Map", "Set", "WeakMap", "WeakSet"]);

const isReadonly = (type) => type?.operator === "readonly" || type?.typeName?.name?.startsWith("Readonly");

/** Whether a collection starts empty, which means that something fills it later. */
const startsEmpty = ({ init, id }) =>
  ((init?.type === "NewExpression" && COLLECTIONS.has(init.callee.name) && init.arguments.length === 0) ||
    (init?.type === "ArrayExpression" && init.elements.length === 0)) &&
  !isReadonly(id.typeAnnotation?.typeAnnotation);

const isOfModule = ({ parent }) =>
  parent.type === "Program" || (parent.type === "ExportNamedDeclaration" && parent.parent.type === "Program");

export default {
  meta: { name: "invigil" },
  rules: {
    "no-module-state": {
      create: (context) => ({
        VariableDeclaration(node) {
          if (!isOfModule(node)) return;
          for (const declared of node.declarations)
            if (node.kind !== "const" || startsEmpty(declared))
              context.report({
                node: declared,
                message:
                  "State of a module is shared by all apps of the process: hand it in, or say why that does no harm.",
              });
        },
      }),
    },
  },
};
