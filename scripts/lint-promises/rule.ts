import { join } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { API, type Project, SignatureKind, type Type } from 'typescript/unstable/sync';

/** They take promises over in the call itself, before anything else can be waited for. */
const TAKE_OVER = ['handled', 'panel', 'timed'];
const TOGETHER = ['Promise.all', 'Promise.allSettled', 'Promise.race', 'Promise.any'];

/**
 * Every place of the given files where a promise is made and left without a handler: while something else is awaited, or
 * when what follows throws, it may fail, and the process ends. A promise is awaited, returned, given to Promise.all with
 * nothing between, or `handled`. Each place as "src/file.ts:12 the expression".
 */
export function promisesLeftAlone(root: string, isWanted: (file: string) => boolean): string[] {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects();
    if (!project) throw new Error(`no tsconfig.json in ${root}`);
    const files = project.program.getSourceFileNames().filter((path) => path.startsWith(`${root}/`));
    return files
      .filter((path) => isWanted(path.slice(root.length + 1)))
      .flatMap((path) => leftAloneIn(project, path, root));
  } finally {
    api.close();
  }
}

function leftAloneIn(project: Project, path: string, root: string): string[] {
  const { checker } = project;
  const file = project.program.getSourceFile(path);
  if (!file) throw new Error(`${path} cannot be read`);
  const calls = within(file).filter((node) => ast.isCallExpression(node) || ast.isNewExpression(node));
  const types = checker.getTypeAtLocation(calls);
  const promises = new Set(calls.filter((call, i) => isPromise(project, types[i]) && !isKept(project, call)));
  const left = [
    ...[...promises].filter((call) => !isTakenOver(call)),
    ...calls.filter((call) => !promises.has(call) && mayThrowBeside(call, promises)),
    ...calls.flatMap((call) => (call.arguments ?? []).filter((argument) => isPromiseIgnored(project, argument))),
  ];
  return left.map((node) => {
    const start = node.getStart(file);
    const line = file.text.slice(0, start).split('\n').length;
    return `${path.slice(root.length + 1)}:${line} ${file.text.slice(start, node.end).split('\n')[0]}`;
  });
}

/** A node and all that it consists of; `enters` says into which. */
function within(node: ast.Node, enters: (node: ast.Node) => boolean = () => true): ast.Node[] {
  if (!enters(node)) return [];
  const inner: ast.Node[] = [];
  node.forEachChild((child) => {
    inner.push(...within(child, enters));
  });
  return [node, ...inner];
}

const runsNow = (node: ast.Node) => !ast.isArrowFunction(node) && !ast.isFunctionExpression(node);

/** A promise, perhaps, or several. */
function isPromise({ checker }: Project, type: Type | undefined): boolean {
  const is = (one: Type): boolean =>
    one.isUnionType()
      ? one.getTypes().some(is)
      : one.getSymbol()?.name === 'Promise' ||
        (one.isTypeReference() && checker.isArrayLikeType(one) && checker.getTypeArguments(one).some(is));
  return type !== undefined && is(type);
}

/** Not made here: looked up where it was put, or done already. */
function isKept({ checker }: Project, call: ast.Node): boolean {
  if (!ast.isCallExpression(call) || !ast.isPropertyAccessExpression(call.expression)) return false;
  const { expression, name } = call.expression;
  // Of what is looked up, it fails as that does.
  if (expression.getText() === 'Promise' && name.text === 'resolve') return call.arguments.every(ast.isIdentifier);
  return name.text === 'get' && checker.getTypeAtLocation(expression)?.getSymbol()?.name === 'Map';
}

/** Whether the expression that a promise stands in waits for it, gives it on, or says what happens when it fails. */
function isTakenOver(node: ast.Node): boolean {
  const { parent } = node;
  if (ast.isAwaitExpression(parent) || ast.isReturnStatement(parent)) return true;
  if (ast.isArrowFunction(parent)) return parent.body === node;
  if (ast.isPropertyAccessExpression(parent)) {
    // What comes of it is a promise itself, and judged where it stands.
    return ast.isCallExpression(parent.parent) && ['then', 'catch', 'finally'].includes(parent.name.text);
  }
  if (ast.isCallExpression(node)) {
    const callee = node.expression;
    if (callee.getText() === 'handled') return true;
    if (ast.isPropertyAccessExpression(callee)) {
      if (callee.name.text === 'catch' || (callee.name.text === 'then' && node.arguments.length === 2)) return true;
    }
  }
  if (ast.isCallExpression(parent)) {
    const takes = [...TAKE_OVER, ...TOGETHER].includes(parent.expression.getText());
    return takes && !parent.arguments.some((argument) => within(argument, runsNow).some(ast.isAwaitExpression));
  }
  const passesOn =
    ast.isParenthesizedExpression(parent) ||
    ast.isNonNullExpression(parent) ||
    ast.isAsExpression(parent) ||
    ast.isSpreadElement(parent) ||
    ast.isConditionalExpression(parent) ||
    ast.isBinaryExpression(parent) ||
    ast.isArrayLiteralExpression(parent);
  return passesOn && isTakenOver(parent);
}

/** A call among promises that are made together: if it throws, those before it are left alone. */
function mayThrowBeside(call: ast.Node, promises: Set<ast.Node>): boolean {
  for (let node = call; node.parent && runsNow(node.parent); node = node.parent) {
    const { parent } = node;
    if (!ast.isArrayLiteralExpression(parent) || !ast.isCallExpression(parent.parent)) continue;
    if (!TOGETHER.includes(parent.parent.expression.getText())) continue;
    const before = parent.elements.slice(0, parent.elements.indexOf(node as ast.Expression));
    return before.some((element) => within(element, runsNow).some((made) => promises.has(made)));
  }
  return false;
}

/** A function that returns a promise, given to somebody who does not look at what it returns. */
function isPromiseIgnored(project: Project, argument: ast.Expression): boolean {
  if (
    ![ast.isArrowFunction, ast.isFunctionExpression, ast.isIdentifier, ast.isPropertyAccessExpression].some((is) =>
      is(argument),
    )
  )
    return false;
  const { checker } = project;
  const results = (type: Type | undefined) =>
    (type ? checker.getSignaturesOfType(type, SignatureKind.Call) : []).map((signature) =>
      checker.getReturnTypeOfSignature(signature),
    );
  const wanted = results(checker.getContextualType(argument));
  if (wanted.length === 0 || !wanted.every((type) => type && checker.typeToString(type) === 'void')) return false;
  return results(checker.getTypeAtLocation(argument)).some((type) => isPromise(project, type));
}
