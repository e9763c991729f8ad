import { readFileSync } from 'node:fs'
import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { publicNames } from './packages/sdk/src/page/public-names.mjs'

/**
 * Every published package becomes ES modules, CommonJS and types for both, with all it depends on left outside;
 * the SDK also becomes two files for pages without a bundler, with everything inside.
 */

/** Entries by their name in `dist`. The export maps in the package.json files name the same ones. */
const packages = {
  protocol: ['index', 'client/index', 'schema'],
  transport: ['node', 'browser'],
  session: ['index', 'trace-file', 'level-journal', 'indexeddb/index', 'conformance/index'],
  sdk: [
    'node',
    'browser',
    'polling',
    'journal-indexeddb',
    'journal-level',
    'journal-memory',
    'browser-journal-level',
    'browser-journal-memory',
  ],
  'server-adapter': ['index', 'use/ws', 'journal-level', 'journal-memory'],
  testkit: ['index'],
  ladder: ['index'],
}

const isOutside = (id) => !/^[./]|^[A-Za-z]:/.test(id)

/** A build with warnings is a build that somebody has to look at. */
const onwarn = (warning) => {
  // Two packages may well import each other's types in a circle; that has no effect at run time.
  if (warning.code === 'CIRCULAR_DEPENDENCY' && warning.ids?.every((id) => id.endsWith('.d.ts'))) return
  if (warning.code === 'EMPTY_BUNDLE') return
  throw Object.assign(new Error(warning.message), warning)
}

const modules = (name, entries) => ({
  input: inputs(name, entries),
  external: isOutside,
  onwarn,
  plugins: [esbuild({ target: 'node20.19', tsconfig: `packages/${name}/tsconfig.json` })],
  // The sources are in the package, so the maps point at them and do not repeat them.
  output: [
    { ...output(name, 'js'), format: 'es', sourcemap: true, sourcemapExcludeSources: true },
    {
      ...output(name, 'cjs'),
      format: 'cjs',
      exports: 'named',
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  ],
})

const types = (name, entries) => ({
  input: inputs(name, entries),
  external: isOutside,
  onwarn,
  plugins: [dts({ tsconfig: `packages/${name}/tsconfig.json` })],
  output: ['d.ts', 'd.cts'].map((extension) => ({
    ...output(name, extension),
    format: 'es',
    // `Symbol.asyncDispose` is in no `lib` that a program of ours may ask for.
    ...(name === 'session' && { banner: '/// <reference lib="esnext.disposable" />' }),
  })),
})

/** The command is one file that only Node runs: no CommonJS, no types. */
const command = (name) => ({
  input: `packages/${name}/src/cli.ts`,
  external: isOutside,
  onwarn,
  plugins: [esbuild({ target: 'node20.19', tsconfig: `packages/${name}/tsconfig.json` })],
  output: {
    file: `packages/${name}/dist/cli.js`,
    format: 'es',
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
})

/** What a page loads stands alone: everything is inside. */
const inPage = (entry) => ({
  input: `packages/sdk/src/${entry}.ts`,
  onwarn,
  plugins: [
    nothingHeavyInside,
    nodeResolve({ browser: true, exportConditions: ['@lastword/source', 'browser', 'import', 'default'] }),
    commonjs(),
    esbuild({ target: 'es2022', tsconfig: 'packages/sdk/tsconfig.browser.json' }),
  ],
})

const shared = () => {
  const { version } = JSON.parse(readFileSync('packages/sdk/package.json', 'utf8'))
  return { banner: `/*! lastword ${version} | MIT */`, sourcemap: true }
}

const scriptTag = () => {
  return {
    ...inPage('page/index'),
    output: [
      {
        ...shared(),
        file: 'packages/sdk/dist/lastword.global.js',
        format: 'iife',
        name: 'lastword',
        exports: 'named',
        plugins: [terser(tightest)],
      },
      {
        ...shared(),
        file: 'packages/sdk/dist/lastword.esm.js',
        format: 'es',
        // Only a module's top level is its own: in a script it is where the global goes.
        plugins: [terser({ ...tightest, module: true })],
      },
    ],
  }
}

/** A script that adds to what `lastword.global.js` has put there; it goes behind that one. And the same as a module. */
const scriptTagAddition = (name, entry = name) => ({
  ...inPage(entry),
  output: [
    {
      ...shared(),
      file: `packages/sdk/dist/lastword.${name}.global.js`,
      format: 'iife',
      name: 'lastword',
      extend: true,
      exports: 'named',
      plugins: [terser(tight)],
    },
    {
      ...shared(),
      file: `packages/sdk/dist/lastword.${name}.esm.js`,
      format: 'es',
      plugins: [terser({ ...tight, module: true })],
    },
  ],
})

/** Statements joined with commas are a little shorter, and compress worse: it is the compressed size that counts. */
const tight = { ecma: 2020, compress: { passes: 3, sequences: false }, format: { comments: /^!/ } }

/**
 * For the page's client, where every byte is counted: names of properties that nobody outside sees become short ones too.
 * What goes over the wire and what applications see stands in `publicNames`.
 */
const tightest = {
  ecma: 2022,
  compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
  mangle: { properties: { reserved: publicNames, keep_quoted: true } },
  format: { comments: /^!/ },
}

/** What a page loads must not grow by accident: a schema library or a Node module inside it is a mistake. */
const nothingHeavyInside = {
  name: 'nothing-heavy-inside',
  moduleParsed({ id }) {
    if (/[\\/]node_modules[\\/](zod|ws|isomorphic-ws)[\\/]/.test(id)) {
      this.error(
        `${id} would be part of the script-tag build. Import only its types there, or nothing of it.`,
      )
    }
  },
}

function inputs(name, entries) {
  return Object.fromEntries(entries.map((entry) => [entry, `packages/${name}/src/${entry}.ts`]))
}

function output(name, ending) {
  return {
    dir: `packages/${name}/dist`,
    entryFileNames: `[name].${ending}`,
    chunkFileNames: `shared/[name]-[hash].${ending}`,
  }
}

export default [
  ...Object.entries(packages).flatMap(([name, entries]) => [modules(name, entries), types(name, entries)]),
  command('ladder'),
  scriptTag(),
  scriptTagAddition('polling'),
  scriptTagAddition('journal', 'journal-indexeddb'),
]
