//! Declarations of events, properties and traits from elsewhere: from a tracking plan or a JSON Schema ([`import`]), or
//! from what was sent ([`Inference`]).
//!
//! Both give [`Declarations`], whose text is a part of a workspace. What a source says and a schema cannot is a comment
//! beside the line it is about; nothing is dropped in silence. What was *sent* is personal data: an [`Inference`] puts no
//! value into the text that fewer than [`Thresholds::people`] people have.
//!
//! ```
//! use volens::schema::{self, Subject};
//!
//! let declared = schema::import(
//!     r#"{"type": "object", "properties": {"revenue": {"type": "number"}, "paid_at": {"type": "string", "format": "date-time"}}}"#,
//!     Some(Subject::Event("Order Completed".into())),
//! )?;
//! assert_eq!(declared.to_string(), "event \"Order Completed\" {\n  paid_at: timestamp,\n  revenue: number,\n}\n");
//! # Ok::<(), schema::ImportError>(())
//! ```

mod convert;
mod declarations;
mod facts;
mod infer;
mod plan;
mod private;

pub use declarations::Declarations;
pub use infer::{Inference, Thresholds};
pub use plan::{ImportError, Subject, import};
