/* lab01; tests: hello_line; verdicts: hello_line=fail; score: 0 | markup, formulas and escapes in output */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char text[] = "]]></system-out><script>alert(1)</script>\033[2J\033]0;owned\007=HYPERLINK(\"http://x\")\n@SUM(A1)\n+1\n-1\n`id` $(id) \xc2\x9b" "31m\r"
                               "::error::x\n%0A::notice::y\n\xe2\x80\xae\xff\xfe\n\\u001b[0m|a|b|\n\n# head\n![x](http://x)\n";
    (void)!write(1, text, sizeof(text) - 1);
    (void)!write(2, text, sizeof(text) - 1);
    if (native())
        mkdir("=cmd|' /C calc'!A0]]>\033[31m<b>", 0700);
    prctl(PR_SET_NAME, "\033[31m]]><");
    _exit(3);
}
