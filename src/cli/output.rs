// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Where the report goes.
//!
//! In: `--output`, `--color`, and what stdout is. Out: one writer. A file is made before the work starts, so
//! that a bad path fails early, and gets its name when the report is whole.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;
use anyhow::Context;
use forebear::reports::{self, Detail, Look, Manner, Report};
use tempfile::NamedTempFile;

use super::arguments::{Color, Format, Globals};

/// Columns when nobody says how many there are, and the most that are easily read.
const WIDTH: usize = 100;

/// One writer for the report.
pub(crate) struct Output {
    sink: Sink,
    /// How text for people looks there.
    pub(crate) look: Look,
    /// How much is told.
    detail: Detail,
    /// Whether links are shown there.
    links: bool,
}

enum Sink {
    Stdout(AutoStream<io::Stdout>),
    File(NamedTempFile, PathBuf),
}

impl Output {
    /// Opens what the options ask for.
    pub(crate) fn open(globals: &Globals) -> anyhow::Result<Self> {
        if let Some(path) = &globals.output {
            let look = Look { color: globals.color == Color::Always, width: WIDTH };
            return Ok(Self {
                sink: Sink::File(beside(path)?, path.clone()),
                look,
                detail: detail(globals),
                links: false,
            });
        }
        let stream = anstream::stdout();
        let color = stream.current_choice() != anstream::ColorChoice::Never;
        Ok(Self {
            sink: Sink::Stdout(stream),
            look: Look { color, width: terminal_width() },
            detail: detail(globals),
            links: color && links(supports_hyperlinks::Stream::Stdout),
        })
    }

    /// Writes the report of a check in the format that was asked for.
    pub(crate) fn report(
        &mut self,
        report: &Report,
        format: Format,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> io::Result<()> {
        let manner = Manner { look: self.look, detail: self.detail, links: self.links, text };
        match format {
            Format::Human => told(report, &manner, self),
            Format::Json => reports::json(report, self),
            Format::Sarif => reports::sarif(report, self),
            Format::Github => reports::github(report, self),
            Format::Junit => reports::junit(report, self),
            Format::Gitlab => reports::gitlab(report, self),
            Format::Cyclonedx => reports::cyclonedx(report, None, self),
            Format::Spdx => reports::spdx(report, None, self),
        }
    }

    /// Gives a file its name, or flushes stdout. A report that is not finished leaves no file.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        if let Sink::File(file, path) = self.sink {
            persist(file, &path)?;
        }
        Ok(())
    }
}

/// Writes a report for people, with the checklist of obligations where more is asked for.
pub(crate) fn told(report: &Report, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    if manner.detail >= Detail::More {
        reports::checklist(report, manner.look, out)?;
    }
    reports::human_as(report, manner, out)
}

/// How much is asked for.
pub(crate) fn detail(globals: &Globals) -> Detail {
    match (globals.quiet, globals.verbose) {
        (true, _) => Detail::Less,
        (false, 0) => Detail::Usual,
        (false, 1) => Detail::More,
        (false, _) => Detail::All,
    }
}

/// Whether the terminal behind a stream shows links, as far as its environment tells.
pub(crate) fn links(stream: supports_hyperlinks::Stream) -> bool {
    supports_hyperlinks::on(stream)
}

impl Write for Output {
    /// A reader that has seen enough is no error, and must not hide the verdict: the exit code stays what it is.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(stream) => match stream.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
                written => written,
            },
            Sink::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(stream) => match stream.flush() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                flushed => flushed,
            },
            Sink::File(file, _) => file.flush(),
        }
    }
}

/// Writes a file as one step.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes).with_context(|| format!("failed to write {}", path.display()))?;
    persist(file, path)
}

/// A nameless file in the folder where `path` will be.
pub(crate) fn beside(path: &Path) -> anyhow::Result<NamedTempFile> {
    if path.is_dir() {
        anyhow::bail!("cannot write {}: it is a folder", path.display());
    }
    if fs::metadata(path).is_ok_and(|held| !held.is_file()) {
        // Renaming over it would take a device, such as /dev/null, away from everybody.
        anyhow::bail!("cannot write {}: it is no file; leave --output out and redirect stdout", path.display());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".forebear-");
    // Temporary files are private by default; a report is an ordinary file, within the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).with_context(|| format!("cannot write {}", path.display()))
}

/// Gives a nameless file its name.
pub(crate) fn persist(file: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    let written = || -> io::Result<()> {
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    written().with_context(|| format!("failed to write {}", path.display()))
}

/// Columns of the terminal: what COLUMNS says, what the terminal says, or what is easily read.
pub(crate) fn terminal_width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns = said.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)));
    columns.map_or(WIDTH, |columns: usize| columns.clamp(40, WIDTH))
}

/// The text of a file that a person wrote, bounded.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    let size = fs::metadata(path).with_context(|| format!("failed to read {}", path.display()))?.len();
    if size > 4 << 20 {
        anyhow::bail!("failed to read {}: longer than 4 MiB", path.display());
    }
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}
