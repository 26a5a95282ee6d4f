/** The build embeds charts and samples into the page as text. */
declare module '*.svg' {
  const text: string;
  export default text;
}
declare module '*.jsonl' {
  const text: string;
  export default text;
}
