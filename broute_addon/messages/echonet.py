"""Sentences about frames and EDTs, and what `decode` answers. Key: (English, Japanese)."""

SENTENCES = {
    "eoj_wrong": (
        "{eoj} is not an ECHONET object code; it has 6 hexadecimal digits.",
        "{eoj} は ECHONET オブジェクトコードではありません。16 進 6 桁です。",
    ),
    "frame_too_short": (
        "This is no ECHONET Lite frame: it has {count} bytes, the shortest has 12.",
        "ECHONET Lite フレームではありません。12 バイト以上必要ですが、{count} バイトです。",
    ),
    "frame_header_wrong": (
        "This is no ECHONET Lite frame: it begins with {header} instead of 1081.",
        "ECHONET Lite フレームではありません。先頭が 1081 ではなく {header} です。",
    ),
    "frame_format_2": (
        "This is an ECHONET Lite frame of format 2 (1082), whose content is not specified; "
        "it is dropped.",
        "形式 2（1082）の ECHONET Lite フレームです。内容が規定されていないため破棄します。",
    ),
    "frame_service_unknown": (
        "This ECHONET Lite frame carries the service {esv}, which is not specified.",
        "ECHONET Lite フレームのサービスコード {esv} は規定されていません。",
    ),
    "frame_cut": (
        "This ECHONET Lite frame is cut: its properties need more than its {count} bytes.",
        "ECHONET Lite フレームが途中で切れています。{count} バイトではプロパティが収まりません。",
    ),
    "frame_not_sendable": (
        "A number in this ECHONET Lite frame does not fit its field.",
        "ECHONET Lite フレームの値がフィールドに収まりません。",
    ),
    "edt_size_wrong": (
        "The value has {count} bytes instead of {expected}.",
        "値の長さは {expected} バイトのはずですが、{count} バイトです。",
    ),
    "edt_content_wrong": (
        "The value {edt} can't be what this property holds.",
        "値 {edt} はこのプロパティの内容として正しくありません。",
    ),
    "edt_not_encodable": (
        "{value} can't be written into this property.",
        "{value} はこのプロパティに書き込めません。",
    ),
    "decode_not_hex": (
        "{text} is neither hexadecimal nor a line of a stick's log that is known here.",
        "{text} は 16 進数でも、既知のスティックのログ行でもありません。",
    ),
    "decode_odd": (
        "There are {count} hexadecimal digits; a byte has two, so one is missing.",
        "16 進数が {count} 桁あります。1 バイトは 2 桁なので、1 桁足りません。",
    ),
    "decode_epc_unknown": (
        "The property {epc} of class {eoj_class} is not known here.",
        "クラス {eoj_class} のプロパティ {epc} は登録されていません。",
    ),
    "decode_line_unknown": (
        "{text} is cut or not as a stick writes it.",
        "{text} は途中で切れているか、スティックの書式と一致しません。",
    ),
    "decode_length_wrong": (
        "The payload has {count} bytes, but its header announces {expected}.",
        "ペイロードは {count} バイトですが、ヘッダーでは {expected} バイトとなっています。",
    ),
    "j11_cut": (
        "This J11 frame is cut: it has {count} of {expected} bytes.",
        "J11 フレームが途中で切れています（{expected} バイト中 {count} バイト）。",
    ),
    "j11_sum_wrong": (
        "The {part} checksum of this J11 frame is {found} instead of {expected}.",
        "J11 フレームのチェックサム（{part}）は {expected} のはずですが、{found} です。",
    ),
}
