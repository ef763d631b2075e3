//! A headless Chromium, told what to do through a pipe (its DevTools protocol): nothing listens on any port.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};

/// After which a browser that says nothing counts as dead.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Child,
    folder: PathBuf,
    to: File,
    from: Receiver<Json>,
    last: u64,
    session: Option<String>,
    /// What it told without being asked since the page was opened.
    told: Vec<Json>,
}

/// The command of the browser: `VOLENS_CHROMIUM`, or what is installed.
fn command() -> String {
    if let Ok(command) = std::env::var("VOLENS_CHROMIUM") {
        return command;
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find(|name| {
        let mut version = Command::new(name);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    });
    let found =
        found.expect("no Chromium is installed: `make overview-page` says what to do, VOLENS_CHROMIUM names one");
    (*found).to_owned()
}

fn pipe(path: &Path) -> File {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
    // For reading and writing, so that opening waits for nobody.
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

impl Browser {
    /// Starts one with a profile of its own, in a new folder.
    pub(crate) fn start(folder: &Path) -> Browser {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        let (commands, answers) = (folder.join("commands"), folder.join("answers"));
        let (to, answered) = (pipe(&commands), pipe(&answers));
        // The browser reads from descriptor 3 and writes to 4.
        let child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<"$COMMANDS" 4>"$ANSWERS""#, "sh"])
            .arg(command())
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args([
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .env("COMMANDS", &commands)
            .env("ANSWERS", &answers)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (give, from) = channel();
        std::thread::spawn(move || {
            let messages = BufReader::new(answered).split(0);
            for message in messages.map_while(Result::ok) {
                let message = serde_json::from_slice(&message).unwrap_or(Json::Null);
                if give.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Browser {
            child,
            folder: folder.to_owned(),
            to,
            from,
            last: 0,
            session: None,
            told: Vec::new(),
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.ask(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn next(&mut self) -> Json {
        let message = self.from.recv_timeout(PATIENCE);
        message.expect("the browser says nothing any more")
    }

    /// Sends a command, and gives its result.
    fn ask(&mut self, method: &str, parameters: Json) -> Json {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message = self.next();
            if message["id"] == json!(self.last) {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.told.push(message);
        }
    }

    /// Opens a file in a window of this size, for people who prefer `light` or `dark`; `hash` stands behind the `#`.
    pub(crate) fn open(&mut self, page: &Path, hash: &str, prefers: &str, (width, height): (u32, u32)) {
        self.ask(
            "Emulation.setEmulatedMedia",
            json!({"media": "", "features": [{"name": "prefers-color-scheme", "value": prefers}]}),
        );
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
        // Another address first: one that differs behind the `#` alone would not be loaded anew.
        self.load("about:blank");
        self.told.clear();
        let hash = if hash.is_empty() {
            String::new()
        } else {
            format!("#{hash}")
        };
        self.load(&format!("file://{}{hash}", page.canonicalize().unwrap().display()));
    }

    /// Shows the page as it is printed.
    pub(crate) fn print(&mut self) {
        self.ask("Emulation.setEmulatedMedia", json!({"media": "print"}));
        self.evaluate("dispatchEvent(new Event('beforeprint'))");
    }

    fn load(&mut self, url: &str) {
        let before = self.told.len();
        let done = self.ask("Page.navigate", json!({"url": url}));
        assert!(done.get("errorText").is_none(), "{url}: {done}");
        let is_loaded = |message: &Json| message["method"] == "Page.loadEventFired";
        while !self.told.iter().skip(before).any(is_loaded) {
            let message = self.next();
            self.told.push(message);
        }
    }

    /// What an expression in the page comes to.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Json {
        let done = self.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(done.get("exceptionDetails").is_none(), "{expression}: {done}");
        done["result"]["value"].clone()
    }

    /// The roles and names by which those who hear the page find its controls.
    pub(crate) fn controls(&mut self) -> Vec<(String, String)> {
        let tree = self.ask("Accessibility.getFullAXTree", json!({}));
        let text = |node: &Json, key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().unwrap().iter();
        let nodes = nodes.filter(|node| node["ignored"] == json!(false));
        let roles = [
            "searchbox",
            "combobox",
            "checkbox",
            "radio",
            "button",
            "link",
            "DisclosureTriangle",
        ];
        nodes
            .map(|node| (text(node, "role"), text(node, "name")))
            .filter(|(role, _)| roles.contains(&role.as_str()))
            .collect()
    }

    /// The addresses that were asked for since the page was opened.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.told.iter();
        let sent = sent.filter(|message| message["method"] == "Network.requestWillBeSent");
        sent.map(|message| {
            message["params"]["request"]["url"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
    }

    /// What the page complained of: exceptions, what is written to the console, and what its policy has stopped.
    pub(crate) fn complaints(&self) -> Vec<&Json> {
        const METHODS: [&str; 3] = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        let told = self.told.iter();
        told.filter(|message| METHODS.iter().any(|method| message["method"] == *method))
            .collect()
    }

    /// A picture of the window, as PNG.
    pub(crate) fn screenshot(&mut self) -> Vec<u8> {
        let shot = self.ask(
            "Page.captureScreenshot",
            json!({"format": "png", "optimizeForSpeed": false}),
        );
        from_base64(shot["data"].as_str().unwrap())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let four = |digits: &[u8]| {
        let bits = digits.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - digits.len()));
        bits.to_be_bytes()[1..digits.len()].to_vec()
    };
    digits.chunks(4).flat_map(four).collect()
}
