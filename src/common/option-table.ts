/**
 * The description of an option: a row of a command's table, from which its flag, variable, help and docs are derived.
 */

interface OptionBase<Value> {
  /** What it is for; for a number, including its unit. */
  readonly help: string;
  /** Left out: the value is undefined if the option is not given. */
  readonly default?: Value;
  /** Only as a flag: for options that should not be set permanently, such as the key to pair with. */
  readonly isFlagOnly?: boolean;
  /** Never shown by `--help` or in any output. */
  readonly isSecret?: boolean;
  /** A running program applies a new value when it rereads its options (SIGHUP). */
  readonly isReloadable?: boolean;
  /** The option names a file that contains other options, by the names of their flags. */
  readonly isConfigFile?: boolean;
}

export interface IntegerOption extends OptionBase<number> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  /** What 0 means if it is not just a small number: for a limit, "no limit". */
  readonly zero?: string;
  /** A word for 0, on a command line and in a file. */
  readonly zeroWord?: string;
}
/** What texts an option takes. */
export interface Format {
  readonly fits: (text: string) => boolean;
  /** Behind "should look like". */
  readonly example: string;
}
export interface TextOption extends OptionBase<string> {
  readonly kind: 'text';
  /** Left out: any text. */
  readonly format?: Format;
  /** The placeholder for the value in the help: `HOST`, `KEY`. */
  readonly value: string;
}
export interface ChoiceOption extends OptionBase<string> {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}
export interface SwitchOption extends OptionBase<boolean> {
  readonly kind: 'switch';
}
/** May be given more than once; in the environment, values are separated by commas. */
export interface ListOption extends OptionBase<readonly string[]> {
  readonly kind: 'list';
  /** Of each value; left out: any text. */
  readonly format?: Format;
  readonly value: string;
}
export type Option = IntegerOption | TextOption | ChoiceOption | SwitchOption | ListOption;

/** A command's options: the key is the flag's name in camel case. */
export type OptionTable = { readonly [name: string]: Option };

type ValueOf<O extends Option> = O extends IntegerOption
  ? number
  : O extends SwitchOption
    ? boolean
    : O extends ListOption
      ? readonly string[]
      : O extends { readonly choices: readonly (infer Choice)[] }
        ? Choice
        : string;

/** The values of a table's options; undefined is possible only without a default. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly default: unknown }
    ? ValueOf<Table[Name]>
    : Table[Name] extends SwitchOption
      ? boolean
      : ValueOf<Table[Name]> | undefined;
};
