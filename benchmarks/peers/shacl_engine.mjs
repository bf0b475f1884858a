// Prints a pair of shape and node for each result of shacl-engine: node shacl_engine.mjs SHAPES.ttl DATA.nt
import { readFileSync } from 'node:fs'
import dataset from '@rdfjs/dataset'
import { DataFactory, Parser } from 'n3'
import { Validator } from 'shacl-engine'

const factory = { ...DataFactory, dataset: dataset.dataset }
const read = (path, format) => dataset.dataset(new Parser({ format }).parse(readFileSync(path, 'utf8')))
const shapes = read(process.argv[2], 'text/turtle')
const data = read(process.argv[3], 'N-Triples')
const report = await new Validator(shapes, { factory }).validate({ dataset: data })
const pairs = report.results.map(each => [each.shape.ptr.term.value, each.focusNode.term.value])
process.stdout.write(JSON.stringify(pairs))
