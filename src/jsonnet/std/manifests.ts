import { fail } from '../machine.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, type Value } from '../values.ts'
import { asBoolean, asString, type Definitions, define } from './define.ts'
import { manifestIni } from './manifest-ini.ts'
import { manifestJsonEx } from './manifest-json-ex.ts'
import { manifestPython, manifestPythonVars } from './manifest-python.ts'
import { manifestToml } from './manifest-toml.ts'
import { manifestXml } from './manifest-xml.ts'
import { manifestYaml } from './manifest-yaml.ts'

export const manifests: Definitions = {
  manifestJson: define('value', (value: Value) => manifestJsonEx(value, '    ', '\n', ': ')),
  manifestJsonMinified: define('value', (value: Value) => manifestJsonEx(value, '', '', ':')),
  manifestJsonEx: define(
    'value indent newline? key_val_sep?',
    (value: Value, indent: Value, newline: Value = '\n', separator: Value = ': ') =>
      manifestJsonEx(value, asString(indent), asString(newline), asString(separator)),
  ),
  manifestYamlDoc: define(
    'value indent_array_in_object? quote_keys?',
    (value: Value, indentArrays: Value = false, quoteKeys: Value = true) =>
      manifestYaml(value, asBoolean(indentArrays), asBoolean(quoteKeys)),
  ),
  manifestYamlStream: define(
    'value indent_array_in_object? c_document_end? quote_keys?',
    (value: Value, indentArrays: Value = false, documentEnd: Value = true, quoteKeys: Value = true) => {
      if (!(value instanceof JsonnetArray)) return fail(`manifestYamlStream only takes arrays, got ${typeOf(value)}`)
      const documents = value.elements.map((element) =>
        manifestYaml(force(element), asBoolean(indentArrays), asBoolean(quoteKeys)),
      )
      return `---\n${documents.join('\n---\n')}${asBoolean(documentEnd) ? '\n...\n' : '\n'}`
    },
  ),
  manifestToml: define('value', (value: Value) => manifestToml(value, '  ')),
  manifestTomlEx: define('value indent', (value: Value, indent: Value) => manifestToml(value, asString(indent))),
  manifestIni: define('ini', (value: Value) => manifestIni(value)),
  manifestPython: define('v', (value: Value) => manifestPython(value)),
  manifestPythonVars: define('conf', (value: Value) => manifestPythonVars(value)),
  manifestXmlJsonml: define('value', (value: Value) => manifestXml(value)),
}
