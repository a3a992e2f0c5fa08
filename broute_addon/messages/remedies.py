"""What to do about a fault, as a person would explain it to another. Key: (English, Japanese).

Each may use the fields of the fault that it is about.
"""

SENTENCES = {
    "remedy_plug_in": (
        "Plug the stick into the machine that Home Assistant runs on, best on an extension cable. "
        "In a virtual machine, pass the USB device through to it. If the stick is there under "
        "another name, choose it below with “Try this port”.",
        "Home Assistant が動いている機器にスティックを差し込んでください"
        "（USB 延長ケーブルの使用をおすすめします）。仮想マシンでは USB デバイスの"
        "パススルーが必要です。別の名前で認識されている場合は、下の「このポートを試す」で"
        "選んでください。",
    ),
    "remedy_port_forbidden": (
        "Restart the app. Outside Home Assistant, add the program's user to the group dialout, or "
        "pass the device into the container.",
        "アプリを再起動してください。Home Assistant の外で動かしている場合は、実行ユーザーを "
        "dialout グループに加えるか、コンテナーにデバイスを渡してください。",
    ),
    "remedy_port_busy": (
        "Only one program can use a stick at a time. Stop {program}, or remove the other "
        "integration or app that reads the meter with this stick; readings then start by "
        "themselves.",
        "スティックを同時に使えるプログラムは 1 つだけです。{program} を止めるか、このスティックを"
        "使っているほかの統合やアプリを外してください。その後は自動で読み取りを始めます。",
    ),
    "remedy_port_other": (
        "Choose another port below with “Try this port”, or clear the option device: the stick is "
        "then found by itself.",
        "下の「このポートを試す」で別のポートを選ぶか、設定項目 device を空にしてください。"
        "空にするとスティックは自動で見つかります。",
    ),
    "remedy_replug": (
        "The app resets the stick by itself. If this stays, unplug it, wait ten seconds and plug "
        "it in again, directly and not through a hub; a weak power supply does this too.",
        "アプリがスティックを自動でリセットします。直らない場合は、抜いて 10 秒待ってから、"
        "USB ハブを通さずに差し直してください。電源の容量不足でも起こります。",
    ),
    "remedy_stick_silent": (
        "Something is plugged in but doesn't answer as a Wi-SUN stick for Route B does. Plug it in "
        "again; if it is another device, unplug it or choose the right port below.",
        "何かが差し込まれていますが、B ルート用 Wi-SUN スティックとして応答しません。"
        "差し直してください。別の機器であれば、取り外すか、下で正しいポートを選んでください。",
    ),
    "remedy_stick_unknown": (
        "Plug the stick in again. If nothing changes, download the diagnostics below and report "
        "them together with the model's name: it can then be supported.",
        "スティックを差し直してください。変わらない場合は、下の診断情報をダウンロードし、"
        "機種名を添えて報告してください。対応できるようになります。",
    ),
    "remedy_not_found": (
        "Three causes are usual. The Route-B ID differs from the letter in some character. The "
        "stick is too far away: use a USB extension cable and “Find the best place”; metal doors "
        "and meter boxes cost much. Or Route B isn't switched on yet: the operator's letter says "
        "from when. The search goes on by itself.",
        "主な原因は 3 つです。(1) B ルート認証 ID が書面と 1 文字でも違っている。"
        "(2) スティックが遠い：USB 延長ケーブルを使い、「スティックの設置場所を探す」で確認して"
        "ください。金属の扉やメーターボックスは電波を大きく弱めます。(3) B ルートがまだ開通して"
        "いない：開始日は送配電事業者の書面に記載されています。探索は自動で続けます。",
    ),
    "remedy_refused": (
        "Compare ID and password with the operator's letter, character by character: 0 and O, 1 "
        "and I look alike. After a move or a new contract both are new and must be applied for "
        "again. The app keeps trying, more and more slowly; after saving new ones it tries at "
        "once.",
        "ID とパスワードを送配電事業者の書面と 1 文字ずつ見比べてください（0 と O、1 と I など）。"
        "引っ越しや契約変更の後は、あらためて申し込んで新しいものを受け取る必要があります。"
        "アプリは間隔を延ばしながら再試行を続け、設定を保存し直すとすぐに試します。",
    ),
    "remedy_radio": (
        "Bring the stick nearer to the meter, away from metal, from USB 3 devices and other "
        "radios; a USB extension cable of one or two metres often does it. “Find the best place” "
        "shows at once what helps; −88 dBm or more is good. The app keeps trying by itself.",
        "スティックをメーターに近づけ、金属、USB 3 機器、ほかの無線機器から離してください。"
        "1～2 m の USB 延長ケーブルで改善することがよくあります。"
        "「スティックの設置場所を探す」で効果がすぐに分かります（−88 dBm 以上が目安）。"
        "アプリは自動で再試行を続けます。",
    ),
    "remedy_wait_login": (
        "Nothing to do: the app logs in again by itself. If this comes back many times a day, the "
        "radio link is weak: bring the stick nearer to the meter.",
        "操作は不要です。自動でログインし直します。1 日に何度も起こる場合は電波が弱いので、"
        "スティックをメーターに近づけてください。",
    ),
    "remedy_wait_meter": (
        "Nothing to do: the app asks the meter again by itself and reads everything else "
        "meanwhile.",
        "操作は不要です。自動で問い合わせ直し、その間もほかの値の読み取りを続けます。",
    ),
    "remedy_get_credentials": (
        "Apply for the “Route B service” at your electricity network operator (not the company "
        "that bills you); it is free and takes one to three weeks. The ID comes by post, the "
        "password separately, usually by e-mail. Type both in below.",
        "お住まいの地域の送配電事業者（電気料金の請求元ではありません）に「B ルートサービス」を"
        "申し込んでください。無料で、1～3 週間ほどかかります。ID は郵送、パスワードは別途"
        "（多くはメールで）届きます。届いたら下に入力してください。",
    ),
    "remedy_route_b_id": (
        "Copy the Route-B ID from the operator's letter once more: it has 32 characters, digits "
        "and the letters A to F. Spaces and hyphens don't matter.",
        "送配電事業者の書面から B ルート認証 ID を入力し直してください。"
        "数字と A～F の 32 文字です。空白やハイフンはあってもかまいません。",
    ),
    "remedy_route_b_password": (
        "Copy the password once more: it has 12 letters and digits, and capitals matter.",
        "パスワードを入力し直してください。英数字 12 文字で、大文字と小文字は区別されます。",
    ),
    "remedy_option": (
        "Correct the option below or in the app's configuration, then save; until then its default "
        "is used.",
        "下またはアプリの設定画面で項目を直して保存してください。それまでは初期値を使用します。",
    ),
    "remedy_mqtt_install": (
        "In Home Assistant open Settings › Apps › App store, install “Mosquitto broker” and start "
        "it; then add the integration MQTT that is offered. The meter is read meanwhile.",
        "Home Assistant の「設定」›「アプリ」›「アプリストア」で「Mosquitto broker」をインストール"
        "して起動し、提案される MQTT 統合を追加してください。その間もメーターは読み取ります。",
    ),
    "remedy_mqtt_options": (
        "mqtt_host is the broker's name or address; user name and password only if it asks for "
        "them. The meter is read meanwhile, but Home Assistant gets nothing of it.",
        "mqtt_host にはブローカーの名前またはアドレスを入力します（ユーザー名とパスワードは必要な"
        "場合のみ）。その間もメーターは読み取りますが、Home Assistant には送られません。",
    ),
    "remedy_mqtt_wait": (
        "The app tries again by itself. See whether the broker runs and, with a broker of your "
        "own, whether mqtt_host and mqtt_port are right. The meter is read meanwhile.",
        "自動で再試行します。ブローカーが動いているか、独自のブローカーの場合は mqtt_host と "
        "mqtt_port が正しいかを確認してください。その間もメーターは読み取ります。",
    ),
    "remedy_mqtt_login": (
        "With the Mosquitto broker app: restart it, and the app gets a new login by itself. With a "
        "broker of your own: check mqtt_username and mqtt_password.",
        "Mosquitto broker アプリの場合は再起動してください（新しいログイン情報を自動で取得"
        "します）。独自のブローカーの場合は mqtt_username と mqtt_password を確認してください。",
    ),
    "remedy_mqtt_tls": (
        "An encrypted broker usually listens on port 8883. For a certificate of your own making, "
        "put the CA file into the ssl folder and name it in mqtt_ca.",
        "暗号化するブローカーは通常ポート 8883 です。独自の証明書を使う場合は、CA ファイルを ssl "
        "フォルダーに置き、mqtt_ca にファイル名を入力してください。",
    ),
    "remedy_wait_home_assistant": (
        "Nothing to do while Home Assistant starts or updates: the app tries again by itself, and "
        "nothing is lost. If it lasts longer than ten minutes, restart Home Assistant.",
        "Home Assistant の起動中や更新中は操作不要です。自動で再試行し、データは失われません。"
        "10 分以上続く場合は Home Assistant を再起動してください。",
    ),
    "remedy_restart_app": (
        "Restart the app in Settings › Apps › Smart Meter B Route.",
        "「設定」›「アプリ」›「Smart Meter B Route」でアプリを再起動してください。",
    ),
    "remedy_core_token": (
        "Make a new long-lived access token on your profile page in Home Assistant and give it to "
        "the program as HOME_ASSISTANT_TOKEN.",
        "Home Assistant のプロフィール画面で長期アクセストークンを作り直し、"
        "HOME_ASSISTANT_TOKEN として渡してください。",
    ),
    "remedy_disk_full": (
        "Free some space, for example by deleting old backups in Settings › System › Backups. "
        "What is held in memory is written then, and the meter remembers the rest.",
        "「設定」›「システム」›「バックアップ」で古いバックアップを削除するなどして、空き容量を"
        "確保してください。メモリに保持した値はその後保存され、残りはメーターから取得できます。",
    ),
    "remedy_disk": (
        "Restart the app; if this stays, restart the whole machine: a worn memory card often "
        "turns read-only. The meter remembers what is missing.",
        "アプリを再起動してください。直らない場合は機器全体を再起動してください（劣化したメモリ"
        "カードは読み取り専用になることがあります）。足りない値はメーターから取得できます。",
    ),
    "remedy_core_update": (
        "Update Home Assistant in Settings › System › Updates. Live values work meanwhile.",
        "「設定」›「システム」›「更新」で Home Assistant を更新してください。現在の値はそれまでも"
        "表示されます。",
    ),
    "remedy_recorder": (
        "Home Assistant keeps no history: add “recorder:” (or “default_config:”) to its "
        "configuration.yaml and restart it.",
        "Home Assistant が履歴を保存していません。configuration.yaml に「recorder:」（または"
        "「default_config:」）を追加して再起動してください。",
    ),
}
