/** What an option is: a row of a command's table, from which flag, variable, help and docs come. */

interface OptionBase<Value> {
  /** What it is for; for a number, with its unit. */
  readonly help: string;
  /** Left out: undefined when it is not given. */
  readonly default?: Value;
  /** Only as a flag: for what must not be set once and for all, such as the key to pair with. */
  readonly isFlagOnly?: boolean;
  /** Not shown by `--help` nor kept in any output. */
  readonly isSecret?: boolean;
  /** A program that runs takes a new value when it reads its options anew (SIGHUP). */
  readonly isReloadable?: boolean;
  /** The file that holds other options, by the names of their flags. */
  readonly isConfigFile?: boolean;
}

export interface IntegerOption extends OptionBase<number> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  /** What 0 means, where it is not just a small number: for a limit, "no limit". */
  readonly zero?: string;
  /** A word for 0, on a command line and in a file. */
  readonly zeroWord?: string;
}
export interface TextOption extends OptionBase<string> {
  readonly kind: 'text';
  /** What the value is, as help shows it: `HOST`, `KEY`. */
  readonly value: string;
}
export interface ChoiceOption extends OptionBase<string> {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}
export interface SwitchOption extends OptionBase<boolean> {
  readonly kind: 'switch';
}
/** May be given more than once; in the environment the values stand with commas between. */
export interface ListOption extends OptionBase<readonly string[]> {
  readonly kind: 'list';
  readonly value: string;
}
export type Option = IntegerOption | TextOption | ChoiceOption | SwitchOption | ListOption;

/** A command's options: the key is the flag's name, in camel case. */
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

/** The values that a table's options have; undefined is possible only where there is no default. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly default: unknown }
    ? ValueOf<Table[Name]>
    : Table[Name] extends SwitchOption
      ? boolean
      : ValueOf<Table[Name]> | undefined;
};
