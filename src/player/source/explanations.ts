// What a line of SMTP means, in a sentence for whoever sees it for the first time (RFC 5321).

const REPLIES: Record<string, string> = {
  "220": "The server greets: it is ready for a session.",
  "221": "The server says goodbye and closes the connection.",
  "235": "The client has shown who it is.",
  "250": "Done as asked. After the final dot it means more: from now on this server answers for the message.",
  "251": "The mailbox is elsewhere; the server sends the message on.",
  "252": "The server does not check this address now, but takes the message.",
  "334": "The server asks for the next part of the proof of identity.",
  "354": "Go on: the message itself follows, and a line with a single dot ends it.",
  "421": "The server is not available and closes the connection. Try again later.",
  "450": "Not now: the mailbox cannot be reached, or the server wants to see the client come back (greylisting).",
  "451": "Not now: something went wrong at the server.",
  "452": "Not now: the server has no room, or there are too many recipients.",
  "454": "Not now: the identity cannot be checked, or TLS is not available.",
  "500": "The server does not know this command.",
  "501": "The server cannot read what stands behind the command.",
  "502": "The server knows the command and does not carry it out.",
  "503": "The commands come in the wrong order.",
  "530": "The server wants to know first who the client is.",
  "535": "The proof of identity is wrong.",
  "550": "No, and it would not help to try again: the mailbox does not exist, or the server refuses the message.",
  "551": "The mailbox is not here, and the server does not send mail on.",
  "552": "No: the message is too large, or the mailbox is full.",
  "553": "No: the address is not allowed.",
  "554": "No, for good: the server takes no mail here, or not this message.",
  "555": "The server does not know one of the parameters.",
};

const COMMANDS: [start: string, meaning: string][] = [
  ["EHLO", "The client says its name and asks what the server can do."],
  ["HELO", "The client says its name, in the old way that asks for no extensions."],
  ["STARTTLS", "From here on both want to speak encrypted."],
  ["AUTH", "The client shows who it is."],
  ["MAIL FROM", "A transaction begins. This address gets the notice if the message cannot be delivered: the envelope sender, which may differ from the From field."],
  ["RCPT TO", "One recipient of the envelope. The server answers for each by itself."],
  ["DATA", "The envelope is complete; now comes the message."],
  ["BDAT", "A part of the message follows, of the length given."],
  ["RSET", "Forget the transaction; the connection stays for the next message."],
  ["QUIT", "The client is done."],
  ["VRFY", "The client asks whether a mailbox exists. Most servers do not tell."],
  ["NOOP", "Nothing is asked; the connection stays alive."],
  ["MX ", "Which hosts take mail for this domain? They are tried in order of their numbers, the smallest first."],
  ["USER", "POP3: which mailbox."],
  ["PASS", "POP3: the password."],
  ["STAT", "POP3: how many messages are there, and how many octets?"],
  ["LIST", "POP3: how large is each message?"],
  ["UIDL", "POP3: an identifier of each message that never changes. By it a program knows what it has fetched before."],
  ["RETR", "POP3: hand this message over."],
  ["DELE", "POP3: mark this message; it is deleted at QUIT."],
  ["CAPABILITY", "IMAP: what can the server do?"],
  ["LOGIN", "IMAP: who asks, and the password."],
  ["SELECT", "IMAP: open this folder."],
  ["SEARCH", "IMAP: which messages are new?"],
  ["FETCH", "IMAP: hand messages over, or parts of them. They stay on the server."],
  ["STORE", "IMAP: set flags, here that they have been read. All devices see them."],
  ["CLOSE", "IMAP: close the folder."],
  ["LOGOUT", "IMAP: the client is done."],
  ["DONE", "IMAP: no more waiting; a command follows."],
  ["IDLE", "IMAP: tell me at once when something new comes."],
];

/** Subjects of enhanced status codes (RFC 3463 §3). */
const SUBJECTS: Record<string, string> = {
  "1": "about an address",
  "2": "about a mailbox",
  "3": "about the mail system",
  "4": "about the network or the way",
  "5": "about the protocol",
  "6": "about the text or its format",
  "7": "about security or policy",
};

/** Explains a line; empty: there is nothing to explain. */
export function explained(text: string, who: "C" | "S"): string {
  if (who === "C") {
    const upper = text.toUpperCase();
    if (text === ".") return "A line with a single dot: the message ends. The server's next reply decides who answers for it.";
    return COMMANDS.find(([start]) => upper.startsWith(start))?.[1] ?? "";
  }
  if (text.startsWith("+OK")) return "POP3: done as asked. The answer to a refusal would be -ERR.";
  if (/^\* \d+ EXISTS/.test(text)) return "IMAP: so many messages are in the folder. To a client that waits in IDLE this is said unasked, when one has come.";
  if (/^\* \d+ FETCH/.test(text)) return "IMAP: the message that was asked for.";
  if (text.startsWith("* SEARCH")) return "IMAP: the numbers of the messages that were asked for.";
  const [, code, status] = text.match(/^(\d{3})[ -]?(\d\.\d+\.\d+)?/) ?? [];
  if (code === undefined) return "";
  const known = REPLIES[code] ?? "";
  const family = code.startsWith("4") ? " 4yz: not now." : code.startsWith("5") ? " 5yz: never like this." : "";
  const subject = status === undefined ? undefined : SUBJECTS[status.split(".")[1]!];
  return `${known}${family}${subject === undefined ? "" : ` ${status} is ${subject}.`}`.trim();
}
