"""The one exception tree of GazeTwin.

::

    GazeTwinError(what, why, fix)
    ├── StudyError
    │   ├── StudyInvalid          a study file breaks the rules
    │   └── StimulusMissing       a page names something that is not there
    ├── SourceError
    │   ├── SourceNotFound        no such gaze source
    │   ├── SourceAmbiguous       several sources answer to the same description
    │   ├── SourceLost            the source went away and will not come back by itself
    │   ├── ChannelsUnknown       the stream's channels cannot be understood
    │   ├── ProfileInvalid        a profile file breaks the rules
    │   └── SurfaceUnusable       gaze of a scene camera cannot be mapped onto the screen
    ├── CalibrationError
    │   ├── TooFewValid           a target was not looked at
    │   └── AxesSuspicious        the fitted map is implausible
    ├── EmptyDistribution         no attention on any slot
    ├── SessionError
    │   ├── SessionMissing        there is no such file
    │   ├── SessionCorrupt        the file cannot be read
    │   ├── PagesChanged          stored pages are not those that were shown
    │   ├── SessionUnsealed       the recording did not end properly
    │   ├── SchemaUnsupported     the file follows another schema version
    │   └── ForeignFileError      a file of another program cannot be imported
    ├── ExportError               something cannot be exported, or not to there
    ├── TuningError
    │   ├── BackboneMissing       no such model, or its weights are not here
    │   ├── GridMismatch          token grid and image disagree
    │   ├── NoGradient            an operator needs a gradient that does not exist
    │   ├── PersonaMismatch       a persona was fitted on something else
    │   └── NotEnoughExamples     too little data to fit or to judge
    ├── ProgramError
    │   ├── ProgramCrashed        a child program ended unexpectedly
    │   └── ProgramTimeout        a child program did not answer in time
    └── SetupError                the installation itself is wrong

Every message has three parts: what happened (with the values), why it matters here, what to do.
"""

from __future__ import annotations


class GazeTwinError(Exception):
    """Anything GazeTwin refuses to do.

    Args:
        what: what happened, with the offending values.
        why: why it matters here.
        fix: what the reader can do about it.
    """

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(what, why, fix)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.fix) if part)


class StudyError(GazeTwinError):
    """A study cannot be used."""


class StudyInvalid(StudyError):
    """A study file breaks the rules."""


class StimulusMissing(StudyError):
    """A page names something that is not there."""


class SourceError(GazeTwinError):
    """A gaze source cannot be used."""


class SourceNotFound(SourceError):
    """No such gaze source."""


class SourceAmbiguous(SourceError):
    """Several sources answer to the same description."""


class SourceLost(SourceError):
    """The source went away and will not come back by itself."""


class ChannelsUnknown(SourceError):
    """The stream's channels cannot be understood."""


class ProfileInvalid(SourceError):
    """A profile file breaks the rules."""


class SurfaceUnusable(SourceError):
    """Gaze in the picture of a scene camera cannot be mapped onto the screen."""


class CalibrationError(GazeTwinError):
    """A calibration cannot be used."""


class TooFewValid(CalibrationError):
    """A calibration target was not looked at."""


class AxesSuspicious(CalibrationError):
    """The fitted calibration map is implausible."""


class EmptyDistribution(GazeTwinError):
    """There is no attention on any slot."""


class SessionError(GazeTwinError):
    """A session file cannot be used."""


class SessionMissing(SessionError):
    """There is no such session file."""


class SessionCorrupt(SessionError):
    """A session file cannot be read."""


class PagesChanged(SessionError):
    """The pages stored in a session are not those that were shown."""


class SessionUnsealed(SessionError):
    """A recording did not end properly and was not recovered yet."""


class SchemaUnsupported(SessionError):
    """A session file follows a schema this version does not know."""


class ExportError(GazeTwinError):
    """Something cannot be exported, or not to there."""


class ForeignFileError(SessionError):
    """A file of another program cannot be imported."""


class TuningError(GazeTwinError):
    """A twin cannot be fitted or used."""


class BackboneMissing(TuningError):
    """No such model, or its weights are not here."""


class GridMismatch(TuningError):
    """Token grid and image disagree."""


class NoGradient(TuningError):
    """An operator needs a gradient that does not exist."""


class ContractBroken(TuningError):
    """A plug-in does not do what its contract says."""


class PersonaMismatch(TuningError):
    """A persona was fitted on something else."""


class NotEnoughExamples(TuningError):
    """There is too little data to fit or to judge."""


class ProgramError(GazeTwinError):
    """A child program failed."""


class ProgramCrashed(ProgramError):
    """A child program ended unexpectedly."""


class ProgramTimeout(ProgramError):
    """A child program did not answer in time."""


class SetupError(GazeTwinError):
    """The installation itself is wrong."""
