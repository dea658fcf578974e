/** Copies text; the clipboard's own interface is there on https and localhost only. */
export async function copyText(text: string): Promise<void> {
  if ("clipboard" in navigator) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is nothing else outside https
  const isCopied = document.execCommand("copy");
  field.remove();
  if (!isCopied) throw new Error("this browser does not copy");
}
